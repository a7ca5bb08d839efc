use metric_common::{Codes, Layout, Side, Tally, Value, levels_by_value, spearman_of_cross_table};
use pilotbench_plugin_sdk::{Evaluation, Item, Role};

/// One action and the beliefs that may lead to it.
pub(crate) struct Question<'a> {
    pub(crate) input: &'a Evaluation,
    /// Index of the action item.
    pub(crate) action: usize,
    /// Indices of the belief items.
    pub(crate) beliefs: Vec<usize>,
    /// Pairs of levels (belief, action) by belief: humans and simulated people, everybody.
    pub(crate) human: Tally,
    pub(crate) simulated: Tally,
}

impl<'a> Question<'a> {
    /// The action of the declared rule, else the first action item.
    pub(crate) fn new(input: &'a Evaluation) -> Result<Self, &'static str> {
        let experiment = &input.experiment;
        let declared = experiment.implied_action.as_ref().map(|rule| rule.action);
        let first = || experiment.items_with_role(Role::Action).first().copied();
        let action = declared.or_else(first).ok_or("no action item")?;
        let beliefs = experiment.items_with_role(Role::Belief);
        if beliefs.is_empty() {
            return Err("no belief items");
        }
        let layout = Layout::everybody();
        let tally = |side: &Side| {
            let codes = |item: usize| {
                Codes::of_item(side.people, item, experiment.items[item].levels.len())
            };
            let acts = codes(action);
            let columns = beliefs.iter().map(|belief| Codes::cross(&codes(*belief), &acts));
            Tally::new(side, &columns.collect::<Vec<_>>())
        };
        let human = tally(&Side::human(input, &layout));
        let simulated = tally(&Side::simulated(input, &layout));
        Ok(Self { input, action, human, simulated, beliefs })
    }

    pub(crate) fn item(&self, item: usize) -> &Item {
        &self.input.experiment.items[item]
    }

    /// Spearman correlation of a belief (by its place in `beliefs`) with the action.
    pub(crate) fn correlation(&self, tally: &Tally, place: usize, index: usize) -> Value {
        let (belief, action) = (self.item(self.beliefs[place]), self.item(self.action));
        // Two levels have an order whatever they are called.
        if !belief.is_ordered() || !(action.is_ordered() || action.levels.len() == 2) {
            return Err(metric_common::NOMINAL);
        }
        let table = tally.counts(0, place, index);
        spearman_of_cross_table(table, &levels_by_value(belief), &levels_by_value(action))
    }
}
