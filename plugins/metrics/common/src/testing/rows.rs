use pilotbench_plugin_sdk::{
    Better, Control, Evaluation, Metric, MetricTable, ScoreInfo,
    arrow_array::{Array, Float64Array, Int64Array, ListArray, StringArray},
};

/// A row read back.
#[derive(Debug, Clone, PartialEq)]
pub struct TestRow {
    /// Name of the score.
    pub score: String,
    /// The item.
    pub item: Option<String>,
    /// Column and level of the group.
    pub group: (Option<String>, Option<String>),
    /// The value or the reason.
    pub value: Result<f64, String>,
    /// Its resamples.
    pub resamples: Vec<Option<f64>>,
    /// Humans and simulated people.
    pub people: (i64, i64),
}

/// All rows of a metric, and what it says of its scores.
#[derive(Debug, Clone)]
pub struct Scores {
    /// The rows in order.
    pub rows: Vec<TestRow>,
    /// The scores.
    pub infos: Vec<ScoreInfo>,
}

/// Runs a metric with settings in JSON.
///
/// # Panics
/// When the metric fails, or breaks what every metric must keep: known scores, one row per score,
/// item and group, values inside the declared range.
pub fn score<M: Metric>(settings: &str, input: &Evaluation) -> Scores {
    let settings = serde_json::from_str(settings).expect("settings");
    let metric = M::open(settings).expect("the metric opens");
    let mut table = MetricTable::default();
    metric.evaluate(input, &mut table, &Control::none()).expect("the metric evaluates");
    let scores = Scores { rows: read(table), infos: M::describe().scores };
    scores.check();
    scores
}

fn read(table: MetricTable) -> Vec<TestRow> {
    let batch = table.finish().expect("a table");
    let column = |name: &str| batch.column_by_name(name).expect("column").as_any();
    let numbers = |name| column(name).downcast_ref::<Int64Array>().expect("numbers");
    let text = |name, row| {
        let values: &StringArray = column(name).downcast_ref().expect("text");
        (!values.is_null(row)).then(|| values.value(row).to_owned())
    };
    let values = column("value").downcast_ref::<Float64Array>().expect("values");
    let resamples = column("resamples").downcast_ref::<ListArray>().expect("lists");
    let row = |row| TestRow {
        score: text("score", row).expect("a score"),
        item: text("item", row),
        group: (text("group_column", row), text("group_level", row)),
        value: match text("undefined", row) {
            Some(reason) => Err(reason),
            None => Ok(values.value(row)),
        },
        resamples: {
            let list = resamples.value(row);
            list.as_any().downcast_ref::<Float64Array>().expect("values").iter().collect()
        },
        people: (numbers("n_human").value(row), numbers("n_simulated").value(row)),
    };
    (0..batch.num_rows()).map(row).collect()
}

impl Scores {
    /// The row of a score, `item` empty for over items, `group` as `column=level` or empty.
    ///
    /// # Panics
    /// When there is none.
    pub fn row(&self, score: &str, item: &str, group: &str) -> &TestRow {
        self.find(score, item, group)
            .unwrap_or_else(|| panic!("no row for {score}, item `{item}`, group `{group}`"))
    }

    fn find(&self, score: &str, item: &str, group: &str) -> Option<&TestRow> {
        let of_group = |row: &TestRow| match &row.group {
            (None, None) => group.is_empty(),
            (Some(column), None) => group == column,
            (column, level) => group.split_once('=') == column.as_deref().zip(level.as_deref()),
        };
        let of_item = |row: &TestRow| row.item.as_deref().unwrap_or("") == item;
        self.rows.iter().find(|row| row.score == score && of_item(row) && of_group(row))
    }

    /// The value for everybody.
    ///
    /// # Errors
    /// The reason why it is undefined.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn value(&self, score: &str, item: &str) -> Result<f64, &str> {
        self.row(score, item, "").value.as_ref().copied().map_err(String::as_str)
    }

    /// What is declared of a score.
    ///
    /// # Panics
    /// When it is not declared.
    pub fn info(&self, score: &str) -> &ScoreInfo {
        let info = self.infos.iter().find(|info| info.name == score);
        info.unwrap_or_else(|| panic!("score {score} is not declared"))
    }

    /// Whether every defined value is perfect, but for the scores named; undefined ones pass.
    ///
    /// # Panics
    /// When one is not.
    pub fn assert_perfect(&self, except: &[&str]) {
        for row in self.rows.iter().filter(|row| !except.contains(&row.score.as_str())) {
            let info = self.info(&row.score);
            let best = match info.better {
                Better::Lower => info.min.expect("a distance has a smallest value"),
                Better::Higher => info.max.expect("a share has a largest value"),
                Better::At(best) => best,
                Better::Describes => continue,
            };
            let resamples = row.resamples.iter().copied().flatten();
            for value in row.value.iter().copied().chain(resamples) {
                assert!((value - best).abs() < 1e-9, "{row:?} is not {best}");
            }
        }
    }

    /// Whether all rows are equal up to rounding, in any order.
    ///
    /// # Panics
    /// When they are not.
    pub fn assert_same(&self, other: &Self) {
        assert_eq!(self.rows.len(), other.rows.len());
        for row in &self.rows {
            let group = match &row.group {
                (Some(column), Some(level)) => format!("{column}={level}"),
                (column, _) => column.clone().unwrap_or_default(),
            };
            let twin = other.row(&row.score, row.item.as_deref().unwrap_or(""), &group);
            assert_same_row(row, twin);
        }
    }

    fn check(&self) {
        let mut seen: Vec<_> =
            self.rows.iter().map(|row| (&row.score, &row.item, &row.group)).collect();
        seen.sort();
        let count = seen.len();
        seen.dedup();
        assert_eq!(seen.len(), count, "a score, item and group has two rows");
        for row in &self.rows {
            let info = self.info(&row.score);
            let resamples = row.resamples.iter().copied().flatten();
            for value in row.value.iter().copied().chain(resamples) {
                let inside = info.min.is_none_or(|min| value >= min)
                    && info.max.is_none_or(|max| value <= max);
                assert!(inside && value.is_finite(), "{row:?} leaves its range");
            }
        }
    }
}

fn assert_same_row(row: &TestRow, twin: &TestRow) {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
    let same = match (&row.value, &twin.value) {
        (Ok(a), Ok(b)) => close(*a, *b),
        (a, b) => a == b,
    };
    let resamples = row.resamples.iter().zip(&twin.resamples).all(|(a, b)| match (a, b) {
        (Some(a), Some(b)) => close(*a, *b),
        (a, b) => a.is_none() && b.is_none(),
    });
    let sizes = row.people == twin.people && row.resamples.len() == twin.resamples.len();
    assert!(same && resamples && sizes, "{row:?}\n is not \n{twin:?}");
}
