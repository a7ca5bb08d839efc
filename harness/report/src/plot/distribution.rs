//! Human and simulated answers side by side: a bar of shares for each source.

use crate::{
    inert::short,
    svg::{Anchor, Svg},
};

/// How often each level was answered by somebody.
#[derive(Debug, Clone)]
pub(crate) struct Shares {
    pub(crate) name: String,
    /// Those who answered.
    pub(crate) people: usize,
    /// By level; adds up to 1 where anybody answered.
    pub(crate) shares: Vec<f64>,
    /// Whether they are humans.
    pub(crate) human: bool,
}

const LEFT: f64 = 200.0;
const RIGHT: f64 = 690.0;
const WIDTH: f64 = 760.0;
const ROW: f64 = 21.0;
/// Shades that the style sheet has.
const SHADES: usize = 10;

/// Draws the bars of one group of people.
pub(crate) fn draw(title: &str, levels: &[String], rows: &[Shares]) -> Svg {
    let legend = legend_rows(levels);
    let top = 16.0 + 20.0 * legend.len() as f64;
    let height = top + ROW * rows.len() as f64 + 8.0;
    let mut svg = Svg::new(title, &description(levels, rows), (WIDTH, height));
    for (line, entries) in legend.iter().enumerate() {
        let y = 6.0 + 20.0 * line as f64;
        for (level, x) in entries {
            let class = format!("shade s{}", shade(*level, levels.len()));
            svg.rect(&class, (*x, y), (12.0, 12.0), "");
            svg.text("tick", (*x + 17.0, y + 10.5), Anchor::Start, &levels[*level]);
        }
    }
    for (place, row) in rows.iter().enumerate() {
        let y = top + ROW * place as f64;
        bar(&mut svg, y, levels, row);
    }
    svg
}

fn bar(svg: &mut Svg, y: f64, levels: &[String], row: &Shares) {
    let class = if row.human { "label human" } else { "label" };
    svg.text(class, (LEFT - 8.0, y + 13.0), Anchor::End, &row.name);
    let count = if row.people == 0 { "nobody".to_owned() } else { format!("n = {}", row.people) };
    svg.text("tick", (RIGHT + 6.0, y + 13.0), Anchor::Start, &count);
    let mut x = LEFT;
    for (level, share) in row.shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        let width = share * (RIGHT - LEFT);
        let shade = shade(level, levels.len());
        let told = format!("{}, {}: {:.1} %", row.name, levels[level], share * 100.0);
        svg.rect(&format!("shade s{shade}"), (x, y), (width, ROW - 4.0), &told);
        if width > 22.0 {
            let class = if shade * 2 >= SHADES { "on dark" } else { "on" };
            let middle = (x + width / 2.0, y + 12.5);
            svg.text(class, middle, Anchor::Middle, &format!("{:.0}", share * 100.0));
        }
        x += width;
    }
}

/// Spreads the levels over the shades.
fn shade(level: usize, levels: usize) -> usize {
    if levels < 2 { 0 } else { level * (SHADES - 1) / (levels - 1) }
}

/// Which levels stand in which line of the legend, and where.
fn legend_rows(levels: &[String]) -> Vec<Vec<(usize, f64)>> {
    let mut rows = vec![Vec::new()];
    let mut x = 8.0;
    for (level, label) in levels.iter().enumerate() {
        let width = 34.0 + 6.6 * short(label, 25).chars().count() as f64;
        if x + width > WIDTH && x > 8.0 {
            rows.push(Vec::new());
            x = 8.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((level, x));
        }
        x += width;
    }
    rows
}

fn description(levels: &[String], rows: &[Shares]) -> String {
    let of = |row: &Shares| {
        let shares = levels.iter().zip(&row.shares);
        let shares = shares.map(|(level, share)| format!("{level} {:.0} %", share * 100.0));
        format!("{} ({}): {}", row.name, row.people, shares.collect::<Vec<_>>().join(", "))
    };
    rows.iter().map(of).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_bars_with_words() {
        let levels = ["no".to_owned(), "yes <b>".to_owned()];
        let humans =
            Shares { name: "humans".into(), people: 4, shares: vec![0.25, 0.75], human: true };
        let svg = draw("t", &levels, &[humans]).inline("d");
        assert!(svg.contains("humans (4): no 25 %, yes &lt;b&gt; 75 %"), "{svg}");
        assert!(svg.contains(">75</text>") && svg.contains(">n = 4</text>"));
    }

    #[test]
    fn shades_spread() {
        assert_eq!([shade(0, 2), shade(1, 2), shade(3, 7), shade(0, 1)], [0, 9, 4, 0]);
        let many: Vec<String> = (0..30).map(|n| format!("level number {n}")).collect();
        assert!(legend_rows(&many).len() > 3);
    }
}
