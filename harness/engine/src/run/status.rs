use crate::{
    fault::Result,
    interview::Used,
    plan::{Plan, Replicate},
    record::{Failure, Record},
};

/// How far a run is: a function of plan and store.
#[derive(Debug, Clone)]
pub struct Status {
    /// Replicates of the plan.
    pub planned: usize,
    /// Committed.
    pub committed: usize,
    /// Not committed, and the last attempt failed.
    pub failed: Vec<Failure>,
    /// Per method of the plan: committed and planned.
    pub methods: Vec<(String, usize, usize)>,
    /// Answers committed, by what became of them: ok, refused, invalid.
    pub answers: [usize; 3],
    /// What the committed replicates took of a service.
    pub used: Option<Used>,
}

/// Reads how far a run is.
///
/// # Errors
/// When a manifest is damaged.
pub fn status(plan: &Plan, record: &Record) -> Result<Status> {
    let mut status = Status {
        planned: plan.replicates.len(),
        committed: 0,
        failed: Vec::new(),
        methods: plan.methods.iter().map(|m| (m.name.clone(), 0, 0)).collect(),
        answers: [0; 3],
        used: None,
    };
    for replicate in &plan.replicates {
        let committed = status.add(replicate, record)?;
        if let Some(line) = status.methods.iter_mut().find(|line| line.0 == replicate.method) {
            line.1 += usize::from(committed);
            line.2 += 1;
        }
    }
    Ok(status)
}

impl Status {
    fn add(&mut self, replicate: &Replicate, record: &Record) -> Result<bool> {
        match record.manifest(replicate)? {
            Some(manifest) => {
                let counts = manifest.counts;
                let [ok, refused, invalid] = &mut self.answers;
                *ok += counts.ok;
                *refused += counts.refused;
                *invalid += counts.invalid;
                Used::add_to(&mut self.used, manifest.used.as_ref());
                self.committed += 1;
                Ok(true)
            }
            None => {
                self.failed.extend(record.failure(replicate)?);
                Ok(false)
            }
        }
    }

    /// Replicates neither committed nor failed.
    pub fn left(&self) -> usize {
        self.planned - self.committed - self.failed.len()
    }
}
