//! What the host's own adapters learn before a replicate's interviews.

use crate::{
    adapter::{CalibrateSettings, Calibration, Choice, InContextSettings},
    experiment::Experiment,
    fault::Result,
    interview::{self, Interview},
    plugin::BackendSession,
    random,
    record::Adapted,
};
use std::sync::atomic::AtomicBool;

/// What was learned, and what of it is recorded.
#[derive(Default)]
pub(super) struct Learned {
    before: Option<String>,
    calibrations: Option<Vec<Calibration>>,
    pub(super) facts: Option<Adapted>,
}

/// A backend and what it gave for its own learning.
type Asked<'a> = (&'a dyn BackendSession, u64);

impl Learned {
    /// Learns from a pilot; nothing where the backend does that itself.
    ///
    /// # Errors
    /// What the backend reports.
    pub(super) fn from(
        choice: &Choice,
        experiment: &Experiment,
        pilot: &[u32],
        interview: &Interview,
        asked: Asked,
        stop: &AtomicBool,
    ) -> Result<Self> {
        match choice {
            Choice::None | Choice::Backends(_) => Ok(Self::default()),
            Choice::InContext(settings) => {
                Self::in_context(settings, experiment, pilot, interview, asked, stop)
            }
            Choice::Calibrate(settings) => {
                Self::calibrated(settings, experiment, pilot, interview, asked, stop)
            }
        }
    }

    /// The interview with what was learned.
    pub(super) fn told_to<'a>(&'a self, interview: &Interview<'a>) -> Interview<'a> {
        let before = self.before.as_deref().unwrap_or(interview.before);
        Interview { before, calibrations: self.calibrations.as_deref(), ..*interview }
    }

    /// Tells of the first people of the pilot, which larger pilots begin with too; of fewer where the
    /// backend does not take as many words.
    fn in_context(
        settings: &InContextSettings,
        experiment: &Experiment,
        pilot: &[u32],
        interview: &Interview,
        (backend, handle): Asked,
        stop: &AtomicBool,
    ) -> Result<Self> {
        let wanted = settings.people.min(pilot.len());
        let mut told = wanted;
        let opening = loop {
            let people = experiment.people.take(&pilot[..told]);
            let opening = interview::opening(&experiment.design, &people);
            let longest = Interview { before: &opening, ..*interview };
            if told == 0 || interview::fits(&longest, backend, handle, stop)? {
                break opening;
            }
            told -= 1;
        };
        let facts = Some(Adapted::InContext { told, wanted });
        Ok(Self { before: Some(opening), facts, ..Self::default() })
    }

    fn calibrated(
        settings: &CalibrateSettings,
        experiment: &Experiment,
        pilot: &[u32],
        interview: &Interview,
        (backend, handle): Asked,
        stop: &AtomicBool,
    ) -> Result<Self> {
        let people = experiment.people.take(pilot);
        let known = Interview { people: &people, ..*interview };
        let told = interview::ask_known(&known, backend, handle, stop)?;
        let items = experiment.design.items.iter().zip(&told);
        let fit = |(item, told): (&crate::experiment::Item, &Vec<_>)| {
            let seed = random::key(&[
                "calibrate",
                experiment.id(),
                &item.id,
                &interview.seed.to_string(),
                &pilot.len().to_string(),
            ]);
            Calibration::fit(told, item.levels.len(), &settings.penalties, seed)
        };
        let calibrations: Vec<Calibration> = items.map(fit).collect();
        let facts = Some(Adapted::Calibrate(calibrations.clone()));
        Ok(Self { calibrations: Some(calibrations), facts, ..Self::default() })
    }
}
