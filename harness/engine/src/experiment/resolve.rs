//! From the card as written to a [`Design`] whose references hold: every fault with its line.

use super::{
    card::{Card, CardFile, CovariateCard, ImpliedCard, ItemCard, LevelCard, Origin, RuleName},
    design::{
        Covariate, CovariateKind, Design, ImpliedAction, ImpliedRule, Item, ItemKind, Level,
        LinearTerm, NearerTerm, Role, TieRule,
    },
    formula,
};
use crate::fault::{Fault, Faults, Result};
use std::collections::BTreeSet;
use toml::Spanned;

/// Fewest and most levels of an item.
const LEVELS: std::ops::RangeInclusive<usize> = 2..=100;

/// Resolves a card.
///
/// # Errors
/// All faults found.
pub(super) fn resolve(file: &CardFile) -> std::result::Result<Design, Faults> {
    let mut resolver = Resolver { file, faults: Faults::default() };
    let design = resolver.design();
    match (design, resolver.faults) {
        (Some(design), faults) if faults.0.is_empty() => Ok(design),
        (_, faults) => Err(faults),
    }
}

struct Resolver<'a> {
    file: &'a CardFile,
    faults: Faults,
}

impl Resolver<'_> {
    fn card(&self) -> &Card {
        &self.file.card
    }

    fn design(&mut self) -> Option<Design> {
        let card = self.card().clone();
        self.head(&card);
        let arms: Vec<_> = card.arms.iter().map(|arm| arm.get_ref().clone()).collect();
        self.arms(&card);
        self.columns(&card);
        self.lines(&card);
        let covariates: Vec<_> = card.covariates.iter().map(|c| self.covariate(c)).collect();
        let items: Vec<_> = card.items.iter().map(|item| self.item(item)).collect();
        self.names(&card);
        let mut design = Design {
            id: card.id.get_ref().clone(),
            title: card.title.clone(),
            preamble: card.preamble.clone(),
            arms,
            covariates,
            items,
            implied_action: None,
            regressions: Vec::new(),
            population: card.population.as_ref().map(|p| *p.get_ref()),
            subgroups: Vec::new(),
        };
        design.subgroups = self.subgroups(&card, &design);
        if let Some(implied) = &card.implied_action {
            match self.implied(implied.get_ref(), &design) {
                Ok(rule) => design.implied_action = Some(rule),
                Err(message) => self.faults.push(self.file.fault(implied, message)),
            }
        }
        for regression in &card.regressions {
            match formula::resolve(regression.get_ref(), &design) {
                Ok(resolved) => design.regressions.push(resolved),
                Err(message) => self.faults.push(self.file.fault(regression, message)),
            }
        }
        Some(design)
    }

    fn head(&mut self, card: &Card) {
        if *card.format.get_ref() != 1 {
            let message = format!("card format {}, this version reads 1", card.format.get_ref());
            self.faults.push(self.file.fault(&card.format, message));
        }
        if !is_id(card.id.get_ref(), '-') {
            let message = format!("id `{}` is not of [a-z0-9-]", card.id.get_ref());
            self.faults.push(self.file.fault(&card.id, message));
        }
        if let Some(population) = card.population.as_ref().filter(|_| card.origin == Origin::Human)
        {
            let message = "a law is known of synthetic populations only, and people answered here";
            self.faults.push(self.file.fault(population, message));
        }
        if card.items.is_empty() {
            self.faults.push(self.file.fault_in("[item]", "there is no item"));
        }
        if card.table.arm.is_some() == card.arms.is_empty() {
            let fault = self.file.fault_in("table", "`arm` and the [[arm]] tables go together");
            self.faults.push(fault.hint("name the arm column and describe each arm, or neither"));
        }
        if let Some(left_out) = &card.exclusions
            && left_out.source_rows != left_out.rows + card.table.rows
        {
            let message = format!(
                "{} source rows less {} excluded are not the {} rows of the table",
                left_out.source_rows, left_out.rows, card.table.rows
            );
            self.faults.push(self.file.fault_in("exclusions", message));
        }
        if card.design.pilot_sizes.last().is_some_and(|size| size + 2 > card.table.rows) {
            let message = format!("a pilot size leaves nobody of the {} rows", card.table.rows);
            self.faults.push(self.file.fault_in("design", message));
        }
        if card.design.pilot_sizes.is_empty() || !card.design.pilot_sizes.is_sorted() {
            let message = "pilot_sizes must be a list of sizes in rising order";
            self.faults.push(self.file.fault_in("design", message));
        }
    }

    fn arms(&mut self, card: &Card) {
        let mut codes = BTreeSet::new();
        for arm in &card.arms {
            let a = arm.get_ref();
            if !is_id(&a.id, '-') {
                self.faults
                    .push(self.file.fault(arm, format!("arm id `{}` is not of [a-z0-9-]", a.id)));
            }
            if card.table.missing.contains(&a.code) {
                let message = format!("arm code `{}` also means missing", a.code);
                self.faults.push(self.file.fault(arm, message));
            }
            if a.factors.values().any(|factor| !factor.is_finite()) {
                let message = format!("arm `{}`: a factor is not finite", a.id);
                self.faults.push(self.file.fault(arm, message));
            }
            if !codes.insert(&a.code) {
                self.faults
                    .push(self.file.fault(arm, format!("arm code `{}` stands twice", a.code)));
            }
        }
    }

    /// Each column of the table is read once: an item's answers must not come in again as something
    /// known before the interview.
    fn columns(&mut self, card: &Card) {
        let mut seen = BTreeSet::new();
        let participant = Some(card.table.participant.as_str()).filter(|column| *column != "row");
        let in_table = participant.into_iter().chain(card.table.arm.as_deref());
        let in_table = in_table.map(|column| (self.file.fault_in("table", ""), column));
        let covariates = card.covariates.iter().map(|at| {
            let c = at.get_ref();
            (self.file.fault(at, ""), c.column.as_deref().unwrap_or(&c.id))
        });
        let items = card.items.iter().map(|at| {
            let i = at.get_ref();
            (self.file.fault(at, ""), i.column.as_deref().unwrap_or(&i.id))
        });
        let retests = card
            .items
            .iter()
            .filter_map(|at| Some((self.file.fault(at, ""), at.get_ref().retest.as_deref()?)));
        let unused = card.table.unused.iter();
        let unused = unused.map(|column| (self.file.fault_in("table", ""), column.as_str()));
        let mut twice = Vec::new();
        for (place, column) in in_table.chain(covariates).chain(items).chain(retests).chain(unused)
        {
            if !seen.insert(column) {
                let message = format!("column `{column}` is used twice");
                twice.push(Fault { message, ..place });
            }
        }
        self.faults.0.extend(twice);
    }

    /// Texts that stand in tables are one line that no terminal or page takes for a command.
    fn lines(&mut self, card: &Card) {
        let source = &card.source;
        let head = [&card.title, &source.citation, &source.licence, &source.package];
        let head = head.into_iter().map(|text| (self.file.fault_in("source", ""), text.as_str()));
        let arms =
            card.arms.iter().map(|at| (self.file.fault(at, ""), at.get_ref().label.as_str()));
        let covariates = card.covariates.iter().flat_map(|at| {
            let labels = at.get_ref().levels.iter().map(|level| level.label.as_str());
            let all = labels.chain([at.get_ref().label.as_str()]);
            all.map(|text| (self.file.fault(at, ""), text)).collect::<Vec<_>>()
        });
        let items = card.items.iter().flat_map(|at| {
            let labels = at.get_ref().levels.iter().map(|level| level.label.as_str());
            let all = labels.chain([at.get_ref().label.as_str()]);
            all.map(|text| (self.file.fault(at, ""), text)).collect::<Vec<_>>()
        });
        let mut hostile = Vec::new();
        for (place, text) in head.chain(arms).chain(covariates).chain(items) {
            if !is_plain_line(text) {
                let shown = text.escape_debug();
                let message = format!("`{shown}` is not one line of plain characters");
                hostile.push(Fault { message, ..place });
            }
        }
        self.faults.0.extend(hostile);
    }

    /// Identifiers are unique over covariates and items, and arms among themselves.
    fn names(&mut self, card: &Card) {
        let mut seen = BTreeSet::new();
        let covariates = card.covariates.iter().map(|c| (c.span(), c.get_ref().id.clone(), '_'));
        let items = card.items.iter().map(|i| (i.span(), i.get_ref().id.clone(), '_'));
        let arms = card.arms.iter().map(|a| (a.span(), format!("arm {}", a.get_ref().id), ' '));
        for (span, id, separator) in covariates.chain(items).chain(arms) {
            let at = Spanned::new(span, ());
            if separator == '_' && !is_id(&id, '_') {
                let message = format!("id `{id}` is not of [a-z0-9_], starting with a letter");
                self.faults.push(self.file.fault(&at, message));
            }
            if id == "arm" {
                self.faults.push(self.file.fault(&at, "id `arm` is taken by the arm itself"));
            }
            if !seen.insert(id.clone()) {
                self.faults.push(self.file.fault(&at, format!("id `{id}` stands twice")));
            }
        }
    }

    fn covariate(&mut self, at: &Spanned<CovariateCard>) -> Covariate {
        let card = at.get_ref();
        let categorical = card.kind == CovariateKind::Categorical;
        if categorical == card.levels.is_empty() {
            let message = format!("covariate `{}`: levels go with kind = \"categorical\"", card.id);
            self.faults.push(self.file.fault(at, message));
        }
        Covariate {
            id: card.id.clone(),
            column: card.column.clone().unwrap_or_else(|| card.id.clone()),
            label: card.label.clone(),
            kind: card.kind,
            told: card.told.clone(),
            levels: self.levels(at, &card.id, &card.levels),
        }
    }

    fn item(&mut self, at: &Spanned<ItemCard>) -> Item {
        let card = at.get_ref();
        let levels = self.levels(at, &card.id, &card.levels);
        if !LEVELS.contains(&levels.len()) {
            let message =
                format!("item `{}` has {} levels, 2 to 100 are allowed", card.id, levels.len());
            self.faults.push(self.file.fault(at, message));
        }
        if card.kind == ItemKind::Binary && levels.len() != 2 {
            let message = format!("item `{}` is binary and has {} levels", card.id, levels.len());
            self.faults.push(self.file.fault(at, message));
        }
        let rising = levels.windows(2).all(|pair| pair[0].value < pair[1].value);
        if card.kind != ItemKind::Nominal && !rising {
            let message = format!("item `{}`: the values of its levels do not rise", card.id);
            self.faults.push(self.file.fault(at, message));
        }
        Item {
            id: card.id.clone(),
            column: card.column.clone().unwrap_or_else(|| card.id.clone()),
            retest: card.retest.clone(),
            label: card.label.clone(),
            role: card.role,
            kind: card.kind,
            text: card.text.clone(),
            wording: card.wording,
            levels,
        }
    }

    fn levels<T>(&mut self, at: &Spanned<T>, owner: &str, cards: &[LevelCard]) -> Vec<Level> {
        let mut codes = BTreeSet::new();
        let mut levels = Vec::with_capacity(cards.len());
        for (i, card) in cards.iter().enumerate() {
            if self.card().table.missing.contains(&card.code) {
                let message = format!("`{owner}`: level code `{}` also means missing", card.code);
                self.faults.push(self.file.fault(at, message));
            }
            if cards[..i].iter().any(|other| other.label == card.label) {
                let message = format!("`{owner}`: level label `{}` stands twice", card.label);
                self.faults.push(self.file.fault(at, message));
            }
            if !codes.insert(&card.code) {
                let message = format!("`{owner}`: level code `{}` stands twice", card.code);
                self.faults.push(self.file.fault(at, message));
            }
            let value = card.value.unwrap_or((i + 1) as f64);
            if !value.is_finite() {
                let message =
                    format!("`{owner}`: the value of level `{}` is not finite", card.code);
                self.faults.push(self.file.fault(at, message));
            }
            levels.push(Level {
                code: card.code.clone(),
                label: card.label.clone(),
                value,
                told: card.told.clone(),
            });
        }
        levels
    }

    fn subgroups(&mut self, card: &Card, design: &Design) -> Vec<usize> {
        let mut found = Vec::new();
        for id in &card.design.subgroups {
            match design.covariate_index(id) {
                Some(i) if found.contains(&i) => {
                    let message = format!("subgroup `{id}` stands twice");
                    self.faults.push(self.file.fault_in("design", message));
                }
                Some(i) if design.covariates[i].kind == CovariateKind::Categorical => found.push(i),
                Some(_) => {
                    let message = format!("subgroup `{id}` is numeric; a subgroup needs levels");
                    self.faults.push(self.file.fault_in("design", message));
                }
                None => {
                    let message = format!("subgroup `{id}` is not a covariate");
                    self.faults.push(self.file.fault_in("design", message));
                }
            }
        }
        found
    }

    fn implied(
        &self,
        card: &ImpliedCard,
        design: &Design,
    ) -> std::result::Result<ImpliedAction, String> {
        let item = |id: &str| design.item_index(id).ok_or_else(|| format!("no item `{id}`"));
        let action = item(&card.action)?;
        if design.items[action].role != Role::Action {
            return Err(format!("item `{}` is not an action", card.action));
        }
        let level = |code: &str| {
            let found = design.items[action].levels.iter().position(|level| level.code == code);
            found.ok_or_else(|| format!("`{}` has no level with code `{code}`", card.action))
        };
        let needs = |key| format!("the rule needs `{key}`");
        let rule = match card.rule {
            RuleName::Linear => {
                let terms = card.terms.as_ref().ok_or_else(|| needs("terms"))?.iter();
                let weights = terms.clone().map(|term| term.weight).chain(card.centre);
                if weights.into_iter().any(|number| !number.is_finite()) {
                    return Err("a weight or the centre is not finite".to_owned());
                }
                let terms =
                    terms.map(|t| Ok(LinearTerm { item: item(&t.item)?, weight: t.weight }));
                ImpliedRule::Linear {
                    terms: terms.collect::<std::result::Result<_, String>>()?,
                    centre: card.centre.unwrap_or(0.0),
                    positive: level(card.positive.as_ref().ok_or_else(|| needs("positive"))?)?,
                    negative: level(card.negative.as_ref().ok_or_else(|| needs("negative"))?)?,
                    tie: card.tie.unwrap_or(TieRule::Excluded),
                }
            }
            RuleName::Nearer => {
                let own = item(card.own.as_ref().ok_or_else(|| needs("own"))?)?;
                let near = card.candidates.as_ref().ok_or_else(|| needs("candidates"))?.iter();
                let near =
                    near.map(|c| Ok(NearerTerm { item: item(&c.item)?, level: level(&c.level)? }));
                let candidates = near.collect::<std::result::Result<Vec<_>, String>>()?;
                ImpliedRule::Nearer { own, candidates }
            }
        };
        Ok(ImpliedAction { action, rule })
    }
}

/// Whether a text is one line without control characters and without characters that turn the
/// direction of writing.
pub(super) fn is_plain_line(text: &str) -> bool {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.chars().any(|c| c.is_control() || turns(c))
}

fn is_id(id: &str, separator: char) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == separator;
    let starts = match separator {
        '_' => id.starts_with(|c: char| c.is_ascii_lowercase()),
        _ => id.starts_with(|c: char| c.is_ascii_alphanumeric()),
    };
    starts && id.len() <= 64 && id.chars().all(allowed)
}

/// A fault when an identifier is not of `[a-z0-9-]`.
///
/// # Errors
/// When it is not.
pub fn check_folder_id(id: &str) -> Result<()> {
    match is_id(id, '-') {
        true => Ok(()),
        false => {
            Err(Fault::usage("", format!("`{}` is not a name of [a-z0-9-]", id.escape_debug())))
        }
    }
}
