//! Under which conditions the backend works: what of the command line is no setting of a method,
//! because it changes no answer. The host tells a plugin's worker by variables.

use pilotbench_plugin_sdk::{Error, Result};
use std::path::PathBuf;

/// Conditions of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    /// Kept answers alone; no request is made.
    pub replay: bool,
    /// No request is made, and receipts say what would have to be paid.
    pub estimate: bool,
    /// Kept answers are not read.
    pub anew: bool,
    /// How much may be spent, and where it is written down.
    pub budget: Option<Budget>,
    /// Folder where answers and the names of jobs are kept; nothing is kept without.
    pub folder: Option<PathBuf>,
    /// The user's own services, TOML text, with the file's name.
    pub services: Option<(PathBuf, String)>,
    /// The user's own prices, TOML text, with the file's name.
    pub prices: Option<(PathBuf, String)>,
}

/// A cap on money.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    /// Nano-dollars.
    pub nano_usd: i64,
    /// The file that everybody who spends writes to.
    pub ledger: PathBuf,
}

impl Conditions {
    /// Those of the environment.
    ///
    /// # Errors
    /// When the budget is no number, or a file of the user's cannot be read.
    pub(crate) fn of_environment() -> Result<Self> {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| value == "1");
        let folder = backend_language::place::user_data().map(|data| data.join("openai"));
        let budget =
            match (std::env::var("PILOTBENCH_BUDGET"), std::env::var_os("PILOTBENCH_LEDGER")) {
                (Ok(usd), Some(ledger)) => {
                    let nano_usd = nano(&usd).ok_or_else(|| {
                        Error::config(
                            "PILOTBENCH_BUDGET",
                            format!("`{usd}` is no amount of dollars"),
                        )
                    })?;
                    Some(Budget { nano_usd, ledger: ledger.into() })
                }
                _ => None,
            };
        Ok(Self {
            replay: is_set("PILOTBENCH_REPLAY"),
            estimate: is_set("PILOTBENCH_ESTIMATE"),
            anew: is_set("PILOTBENCH_NO_CACHE"),
            budget,
            services: users("PILOTBENCH_SERVICES", folder.as_ref(), "services.toml")?,
            prices: users("PILOTBENCH_PRICES", folder.as_ref(), "prices.toml")?,
            folder,
        })
    }

    /// Whether no request may be made.
    pub(crate) fn is_silent(&self) -> bool {
        self.replay || self.estimate
    }
}

/// A file of the user's: the one that a variable names, else the usual one if it is there.
fn users(
    variable: &str,
    folder: Option<&PathBuf>,
    usual: &str,
) -> Result<Option<(PathBuf, String)>> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let usual = folder.map(|folder| folder.join(usual)).filter(|path| path.is_file());
    let Some(path) = named.or(usual) else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .map_err(|e| Error::config(variable, format!("{}: {e}", path.display())))?;
    Ok(Some((path, text)))
}

/// Nano-dollars of a text.
fn nano(usd: &str) -> Option<i64> {
    let usd: f64 = usd.trim().parse().ok()?;
    (0.0..=1e9).contains(&usd).then(|| (usd * 1e9).round() as i64)
}
