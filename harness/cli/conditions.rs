//! Under which conditions plugins work: what they may spend and ask. Variables of their workers, part
//! of no plan. The host sets a cap and says what was spent; whoever makes a request holds it.

use crate::{
    arguments::{Places, Spending},
    output,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    money,
    plan::RunFile,
    plugin::worker::{BUDGET, ESTIMATE, LEDGER, NO_CACHE, REPLAY, read_key},
    run::Ledger,
};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Variables of workers by name.
pub(crate) type Variables = BTreeMap<String, OsString>;

/// What was asked for besides the work itself.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) variables: Variables,
    cap: Option<Cap>,
}

/// What may be spent, and where it is written down.
#[derive(Debug)]
pub(crate) struct Cap {
    pub(crate) nano_usd: u64,
    pub(crate) ledger: Ledger,
}

impl Conditions {
    /// Those of a run whose folder lies in `runs`.
    pub(crate) fn of_run(
        places: &Places,
        Spending { budget, replay }: Spending,
        no_cache: bool,
        (file, runs): (&RunFile, &Path),
    ) -> Result<Self> {
        let mut conditions = Self::default();
        if let Some(cap) = Cap::of(budget.nano_usd, file, runs) {
            needs_workers(places, "--budget (or `budget_usd` of the run file)")?;
            conditions.limit(cap)?;
        }
        if replay {
            needs_workers(places, "--replay")?;
            conditions.set(REPLAY, "1");
        }
        if no_cache {
            conditions.set(NO_CACHE, "1");
        }
        Ok(conditions)
    }

    /// Those of an estimate: nothing can be spent, so no cap is set.
    pub(crate) fn of_estimate(places: &Places, no_cache: bool) -> Result<Self> {
        needs_workers(places, "--estimate")?;
        let mut conditions = Self::default();
        conditions.set(ESTIMATE, "1");
        if no_cache {
            conditions.set(NO_CACHE, "1");
        }
        Ok(conditions)
    }

    /// Those of a measurement: nothing that was kept answers, and services are paid from a cap.
    pub(crate) fn of_bench(places: &Places, cap: Option<Cap>) -> Result<Self> {
        let mut conditions = Self::default();
        if let Some(cap) = cap {
            needs_workers(places, "--budget")?;
            conditions.limit(cap)?;
        }
        conditions.set(NO_CACHE, "1");
        Ok(conditions)
    }

    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    fn limit(&mut self, cap: Cap) -> Result<()> {
        cap.ledger.make()?;
        // A ledger that cannot be read is found before anything is spent.
        cap.ledger.spent()?;
        let path = cap.ledger.path();
        let path = std::path::absolute(path).map_err(|e| Fault::store(path.display(), e))?;
        self.set(BUDGET, money::text(cap.nano_usd.into()));
        self.set(LEDGER, path);
        self.cap = Some(cap);
        Ok(())
    }

    /// Whether what may be spent is limited.
    pub(crate) fn has_cap(&self) -> bool {
        self.cap.is_some()
    }

    /// Says what is spent of what may be.
    pub(crate) fn remark_spent(&self) -> Result<()> {
        let Some(Cap { nano_usd, ledger }) = &self.cap else { return Ok(()) };
        let spent = ledger.spent()?.unwrap_or(0);
        output::remark(&format!(
            "spent {} of {} US dollars ({})",
            money::text(spent),
            money::text((*nano_usd).into()),
            ledger.path().display()
        ));
        Ok(())
    }
}

impl Cap {
    /// What was typed, else what the run file says.
    pub(crate) fn of(typed: Option<u64>, file: &RunFile, runs: &Path) -> Option<Self> {
        let nano_usd = typed.or(file.budget())?;
        Some(Self { nano_usd, ledger: Ledger::of(runs, &file.name) })
    }
}

/// The keys that came over descriptors. Each is read once, whoever asks for it again.
pub(crate) fn keys(places: &Places) -> Result<Variables> {
    static READ: Mutex<Variables> = Mutex::new(Variables::new());
    if !places.key_fd.is_empty() {
        needs_workers(places, "--key-fd")?;
    }
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    for key in &places.key_fd {
        if !read.contains_key(&key.name) {
            let value = read_key(key.descriptor).map_err(|fault| Fault {
                place: format!("--key-fd {}, {}", key.name, fault.place),
                ..fault
            })?;
            read.insert(key.name.clone(), value.into());
        }
    }
    Ok(read.clone())
}

/// Inside this process a plugin has the environment of the host, which nobody changes.
fn needs_workers(places: &Places, what: &str) -> Result<()> {
    match places.isolation.in_process {
        false => Ok(()),
        true => Err(Fault::usage(what, "needs workers: it does not go with --in-process")),
    }
}
