//! The adapter of a method, its settings read.

use crate::{
    fault::{Fault, Result},
    plan::Adapter,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// Who learns, and how.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// The backend, in its only way, or nobody.
    None,
    /// The host tells the backend some pilot interviews.
    InContext(InContextSettings),
    /// The host scales the backend's log-probabilities.
    Calibrate(CalibrateSettings),
    /// The backend, in a way that it offers.
    Backends(Adapter),
}

/// Settings of `in-context`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InContextSettings {
    /// Most pilot participants told of.
    pub people: usize,
}

impl Default for InContextSettings {
    fn default() -> Self {
        Self { people: 8 }
    }
}

/// Settings of `calibrate`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrateSettings {
    /// Penalties to choose from, per pilot participant.
    pub penalties: Vec<f64>,
}

impl Default for CalibrateSettings {
    /// From 10, where next to nothing is learned, to 0.001, two per factor of ten.
    fn default() -> Self {
        Self { penalties: (0..9).map(|i| 10f64.powf(1.0 - 0.5 * f64::from(i))).collect() }
    }
}

impl Choice {
    /// Reads an adapter's settings.
    ///
    /// # Errors
    /// When a setting of one of the host's is wrong.
    pub fn of(adapter: &Adapter) -> Result<Self> {
        match adapter.name.as_str() {
            "none" => Ok(Self::None),
            "in-context" => {
                let settings: InContextSettings = read(adapter)?;
                match (1..=10_000).contains(&settings.people) {
                    true => Ok(Self::InContext(settings)),
                    false => Err(wrong(adapter, "`people` must be from 1 to 10000")),
                }
            }
            "calibrate" => {
                let mut settings: CalibrateSettings = read(adapter)?;
                let sound = settings.penalties.iter().all(|p| (1e-6..=1e6).contains(p));
                if !sound || !(1..=64).contains(&settings.penalties.len()) {
                    return Err(wrong(adapter, "`penalties` are 1 to 64 numbers from 1e-6 to 1e6"));
                }
                settings.penalties.sort_by(|a, b| b.total_cmp(a));
                Ok(Self::Calibrate(settings))
            }
            _ => Ok(Self::Backends(adapter.clone())),
        }
    }

    /// Whether the backend itself gets the pilot, rather than the host.
    pub fn is_backends(&self) -> bool {
        matches!(self, Self::None | Self::Backends(_))
    }
}

fn read<T: DeserializeOwned>(adapter: &Adapter) -> Result<T> {
    serde_json::from_value(Value::Object(adapter.settings.clone())).map_err(|e| wrong(adapter, e))
}

fn wrong(adapter: &Adapter, message: impl std::fmt::Display) -> Fault {
    Fault::usage(format!("adapter `{}`", adapter.name), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(written: &str) -> Result<Choice> {
        Choice::of(&serde_json::from_str(written).unwrap())
    }

    #[test]
    fn adapters_are_read_and_wrong_settings_named() {
        assert_eq!(choice("\"none\"").unwrap(), Choice::None);
        let told = choice(r#"{"name": "in-context", "people": 3}"#).unwrap();
        assert_eq!(told, Choice::InContext(InContextSettings { people: 3 }));
        assert!(choice("\"head\"").unwrap().is_backends());
        for (wrong, word) in [
            (r#"{"name": "in-context", "people": 0}"#, "people"),
            (r#"{"name": "in-context", "persons": 1}"#, "persons"),
            (r#"{"name": "calibrate", "penalties": []}"#, "penalties"),
            (r#"{"name": "calibrate", "penalties": [-1.0]}"#, "penalties"),
        ] {
            let fault = choice(wrong).unwrap_err();
            assert!(fault.to_string().contains(word), "{fault}");
        }
    }
}
