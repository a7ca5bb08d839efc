//! Methods whose service is of no more use: what is left of them is left for later.

use crate::fault::Fault;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A method that was given up, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Name of the method.
    pub method: String,
    /// The lasting fault that was met first.
    pub fault: Fault,
}

/// The methods given up so far, each with its first fault.
#[derive(Default)]
pub(super) struct GivenUps(Mutex<BTreeMap<String, Fault>>);

impl GivenUps {
    pub(super) fn has(&self, method: &str) -> bool {
        self.methods().contains_key(method)
    }

    /// Gives a method up; whether it was not before.
    pub(super) fn note(&self, method: &str, fault: &Fault) -> bool {
        let mut methods = self.methods();
        let is_first = !methods.contains_key(method);
        if is_first {
            methods.insert(method.to_owned(), fault.clone());
        }
        is_first
    }

    /// All of them, in order of name.
    pub(super) fn into_list(self) -> Vec<GivenUp> {
        let methods = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        methods.into_iter().map(|(method, fault)| GivenUp { method, fault }).collect()
    }

    fn methods(&self) -> MutexGuard<'_, BTreeMap<String, Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    #[test]
    fn a_method_is_given_up_once_with_its_first_fault() {
        let given_up = GivenUps::default();
        let fault = |kind| Fault::new(kind, "service", "no more");
        assert!(!given_up.has("a"));
        assert!(given_up.note("b", &fault(FaultKind::Denied)));
        assert!(given_up.note("a", &fault(FaultKind::Budget)));
        assert!(!given_up.note("a", &fault(FaultKind::Denied)));
        assert!(given_up.has("a"));
        let list = given_up.into_list();
        let kinds: Vec<_> = list.iter().map(|g| (g.method.as_str(), g.fault.kind)).collect();
        assert_eq!(kinds, [("a", FaultKind::Budget), ("b", FaultKind::Denied)]);
    }
}
