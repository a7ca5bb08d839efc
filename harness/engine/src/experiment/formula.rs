//! A regression's formula, resolved to one term per column of its design.
//!
//! ```text
//! outcome ~ term + term + …
//! term    = factor:factor     a product          factor*factor    both and their product
//! factor  = item, numeric covariate, arm factor  the number
//!         | nominal item, categorical covariate, `arm`: a column per level but the first
//!         | name[ref=LEVEL]   a column per level but this one
//!         | name[LEVEL]       1 at this level, else 0
//!         | name[non-LEVEL]   0 at this level, else 1
//! ```
//!
//! Levels are named by their labels, arms by their ids. Both sides of a comparison get the same
//! columns, whatever levels occur. A term that stands twice counts once.

use super::{
    card::RegressionCard,
    design::{CovariateKind, Design, Family, ItemKind, Level, Regression, Term, TermPart},
};
use std::collections::BTreeMap;

/// More columns than this are no regression of an experiment.
const TERMS_MAX: usize = 200;

type Parsed<T> = std::result::Result<T, String>;

/// One column of a factor: its name and what it is.
type Column = (String, TermPart);

/// Resolves a regression of the card.
///
/// # Errors
/// The message of the first fault.
pub(super) fn resolve(card: &RegressionCard, design: &Design) -> Parsed<Regression> {
    let formula = &card.formula;
    let (outcome, right) = formula
        .split_once('~')
        .ok_or_else(|| format!("formula `{formula}` has no `~` between outcome and terms"))?;
    let outcome = outcome.trim();
    let item = design.item_index(outcome);
    let item = item.ok_or_else(|| format!("outcome `{outcome}` is not an item"))?;
    check_family(card.family, design, item)?;
    let mut terms: Vec<Term> = Vec::new();
    for text in split(right, '+') {
        for term in expand(text, design)? {
            if !terms.iter().any(|known| known.name == term.name) {
                terms.push(term);
            }
        }
    }
    if terms.len() > TERMS_MAX {
        return Err(format!("formula: {} columns, at most {TERMS_MAX} are allowed", terms.len()));
    }
    if terms.iter().any(|term| term.reads(item)) {
        return Err(format!("formula: the outcome `{outcome}` is among its own terms"));
    }
    give_truth(&mut terms, &card.truth)?;
    Ok(Regression {
        id: card.id.clone(),
        family: card.family,
        formula: formula.clone(),
        outcome: item,
        terms,
    })
}

fn check_family(family: Family, design: &Design, item: usize) -> Parsed<()> {
    let item = &design.items[item];
    let fits = match family {
        Family::Logit => item.levels.len() == 2,
        Family::Ols | Family::OrdinalLogit => item.kind != ItemKind::Nominal,
    };
    match (fits, family) {
        (true, _) => Ok(()),
        (false, Family::Logit) => Err(format!("a logit needs two levels, `{}` has more", item.id)),
        (false, _) => Err(format!("the levels of `{}` have no order to regress", item.id)),
    }
}

/// True coefficients, for all terms or for none.
fn give_truth(terms: &mut [Term], truth: &BTreeMap<String, f64>) -> Parsed<()> {
    if truth.is_empty() {
        return Ok(());
    }
    if let Some(name) = truth.keys().find(|name| terms.iter().all(|term| term.name != **name)) {
        return Err(format!("truth: `{name}` is not a term of the formula"));
    }
    for term in terms {
        let value = truth.get(&term.name);
        let value = value.ok_or_else(|| format!("truth: `{}` is missing", term.name))?;
        if !value.is_finite() {
            return Err(format!("truth: `{}` is not finite", term.name));
        }
        term.truth = Some(*value);
    }
    Ok(())
}

/// The terms that one summand stands for: products of the columns of its factors, and for `*` also
/// those of every choice of them.
fn expand(text: &str, design: &Design) -> Parsed<Vec<Term>> {
    let starred = split(text, '*');
    let groups: Vec<Vec<&str>> = starred.iter().map(|part| split(part, ':')).collect();
    let mut terms = Vec::new();
    if groups.len() > 4 {
        return Err(format!("formula: `{}` multiplies too many factors", text.trim()));
    }
    // In the usual order: single factors first, then products of two, and so on.
    let mut choices: Vec<u32> = (1..1 << groups.len()).collect();
    choices.sort_by_key(|choice| choice.count_ones());
    for choice in choices {
        let chosen = groups.iter().enumerate().filter(|(i, _)| choice >> i & 1 == 1);
        let factors: Vec<&str> = chosen.flat_map(|(_, factors)| factors.iter().copied()).collect();
        let mut products = vec![Term { name: String::new(), parts: Vec::new(), truth: None }];
        for factor in factors {
            let columns = columns(factor.trim(), design)?;
            products = products.iter().flat_map(|p| columns.iter().map(|c| p.times(c))).collect();
        }
        terms.extend(products);
    }
    Ok(terms)
}

impl Term {
    fn times(&self, (name, part): &Column) -> Self {
        let separator = if self.parts.is_empty() { "" } else { ":" };
        let mut parts = self.parts.clone();
        parts.push(part.clone());
        Self { name: format!("{}{separator}{name}", self.name), parts, truth: None }
    }

    fn reads(&self, wanted: usize) -> bool {
        let reads = |part: &TermPart| match part {
            TermPart::Item { item } | TermPart::ItemLevel { item, .. } => *item == wanted,
            _ => false,
        };
        self.parts.iter().any(reads)
    }
}

/// The columns of a factor.
fn columns(text: &str, design: &Design) -> Parsed<Vec<Column>> {
    let (name, choice) = match text.strip_suffix(']').and_then(|inner| inner.split_once('[')) {
        Some((name, choice)) => (name.trim(), Some(choice.trim())),
        None => (text, None),
    };
    if name == "arm" && !design.arms.is_empty() {
        let ids: Vec<&str> = design.arms.iter().map(|arm| arm.id.as_str()).collect();
        let part = |levels: Vec<usize>| TermPart::ArmFactor {
            values: (0..ids.len()).map(|a| f64::from(u8::from(levels.contains(&a)))).collect(),
        };
        return by_level(name, &ids, choice, &part);
    }
    let factor = design.arms.iter().any(|arm| arm.factors.contains_key(name));
    let item = design.item_index(name);
    let covariate = design.covariate_index(name);
    if factor && (item.is_some() || covariate.is_some()) {
        return Err(format!("formula: `{name}` is an arm factor and something else"));
    }
    if let Some(item) = item {
        let asked = &design.items[item];
        if choice.is_none() && asked.kind != ItemKind::Nominal {
            return Ok(vec![(name.to_owned(), TermPart::Item { item })]);
        }
        return by_level(name, &labels(&asked.levels), choice, &|levels| TermPart::ItemLevel {
            item,
            levels,
        });
    }
    if let Some(covariate) = covariate {
        let known = &design.covariates[covariate];
        return match (known.kind, choice) {
            (CovariateKind::Numeric, None) => {
                Ok(vec![(name.to_owned(), TermPart::Covariate { covariate })])
            }
            (CovariateKind::Numeric, Some(_)) => {
                Err(format!("formula: `{name}` is numeric and has no levels"))
            }
            (CovariateKind::Categorical, choice) => {
                by_level(name, &labels(&known.levels), choice, &|levels| TermPart::CovariateLevel {
                    covariate,
                    levels,
                })
            }
        };
    }
    match (factor, choice) {
        (true, None) => {
            // An arm that does not name the factor has none of it.
            let value = |arm: &super::design::Arm| arm.factors.get(name).copied().unwrap_or(0.0);
            let values = design.arms.iter().map(value).collect();
            Ok(vec![(name.to_owned(), TermPart::ArmFactor { values })])
        }
        (true, Some(_)) => Err(format!("formula: `{name}` is an arm factor and has no levels")),
        (false, _) => Err(format!("formula: `{name}` is no item, covariate or arm factor")),
    }
}

fn labels(levels: &[Level]) -> Vec<&str> {
    levels.iter().map(|level| level.label.as_str()).collect()
}

/// The columns of a factor with levels.
fn by_level(
    name: &str,
    labels: &[&str],
    choice: Option<&str>,
    part: &dyn Fn(Vec<usize>) -> TermPart,
) -> Parsed<Vec<Column>> {
    let find = |label: &str| labels.iter().position(|known| *known == label);
    let unknown = |label: &str| {
        format!("formula: `{name}` has no level `{label}`; there are: {}", labels.join(", "))
    };
    let all_but = |reference: usize| {
        let others = (0..labels.len()).filter(|level| *level != reference);
        others.map(|level| (format!("{name}[{}]", labels[level]), part(vec![level]))).collect()
    };
    let Some(choice) = choice else { return Ok(all_but(0)) };
    let shown = format!("{name}[{choice}]");
    if let Some(level) = find(choice) {
        return Ok(vec![(shown, part(vec![level]))]);
    }
    if let Some(reference) = choice.strip_prefix("ref=") {
        return find(reference).map(all_but).ok_or_else(|| unknown(reference));
    }
    match choice.strip_prefix("non-").map(|label| (label, find(label))) {
        Some((_, Some(level))) => {
            let others = (0..labels.len()).filter(|other| *other != level).collect();
            Ok(vec![(shown, part(others))])
        }
        Some((label, None)) => Err(unknown(label)),
        None => Err(unknown(choice)),
    }
}

/// Splits outside of brackets, since a level's label may hold any character.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut depth = 0_usize;
    let outside = |c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && c == separator
    };
    text.split(outside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::testing::experiment;

    fn terms(formula: &str) -> Parsed<Vec<String>> {
        let card = RegressionCard {
            id: "r".into(),
            family: Family::Logit,
            formula: formula.into(),
            note: String::new(),
            truth: BTreeMap::new(),
        };
        let regression = resolve(&card, &experiment(60).design)?;
        Ok(regression.terms.into_iter().map(|term| term.name).collect())
    }

    #[test]
    fn factors_become_columns() {
        assert_eq!(terms("act ~ b1 + age").unwrap(), ["b1", "age"]);
        assert_eq!(terms("act ~ group").unwrap(), ["group[Y]", "group[Z]"]);
        assert_eq!(terms("act ~ group[ref=Y]").unwrap(), ["group[X]", "group[Z]"]);
        assert_eq!(terms("act ~ group[non-X]").unwrap(), ["group[non-X]"]);
        assert_eq!(terms("act ~ b2").unwrap(), ["b2[green]", "b2[blue]", "b2[grey]"]);
        assert_eq!(terms("act ~ arm").unwrap(), ["arm[b]"]);
        assert_eq!(terms("act ~ arm[ref=b]").unwrap(), ["arm[a]"]);
    }

    #[test]
    fn products_and_stars() {
        assert_eq!(terms("act ~ b1:treated").unwrap(), ["b1:treated"]);
        assert_eq!(
            terms("act ~ treated*group + treated").unwrap(),
            ["treated", "group[Y]", "group[Z]", "treated:group[Y]", "treated:group[Z]"]
        );
    }

    #[test]
    fn faults_name_the_word() {
        for (formula, message) in [
            ("act + b1", "no `~`"),
            ("nothing ~ b1", "outcome `nothing`"),
            ("act ~ nothing", "`nothing` is no item"),
            ("act ~ group[Q]", "no level `Q`; there are: X, Y, Z"),
            ("act ~ group[non-Q]", "no level `Q`"),
            ("act ~ group[ref=Q]", "no level `Q`"),
            ("act ~ age[1]", "`age` is numeric"),
            ("act ~ treated[1]", "has no levels"),
            ("act ~ b1 + act", "among its own terms"),
            ("b1 ~ age", "a logit needs two levels"),
        ] {
            let found = terms(formula).unwrap_err();
            assert!(found.contains(message), "{formula}: {found}");
        }
    }

    #[test]
    fn truth_is_for_all_terms() {
        let card = |truth: &[(&str, f64)]| RegressionCard {
            id: "r".into(),
            family: Family::Logit,
            formula: "act ~ b1 + treated".into(),
            note: String::new(),
            truth: truth.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        };
        let design = experiment(60).design;
        let found = resolve(&card(&[("b1", 0.5), ("treated", 0.0)]), &design).unwrap();
        assert_eq!(found.terms[0].truth, Some(0.5));
        assert!(
            resolve(&card(&[("b1", 0.5)]), &design).unwrap_err().contains("`treated` is missing")
        );
        let wrong = [("b1", 0.5), ("treated", 0.0), ("age", 1.0)];
        assert!(resolve(&card(&wrong), &design).unwrap_err().contains("`age` is not a term"));
    }
}
