//! What may be spent, and the keys of services.

use clap::Args;
use pilotbench_engine::{money, plugin::worker::check_name};

/// What may be spent.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Budget {
    /// US dollars that all runs of this name may spend on services; `budget_usd` of the run file
    /// unless given.
    #[arg(long = "budget", value_name = "USD", value_parser = usd, allow_negative_numbers = true)]
    pub(crate) nano_usd: Option<u64>,
}

/// What may be asked of services.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Spending {
    #[command(flatten)]
    pub(crate) budget: Budget,
    /// Answer from what services said before; nothing is asked of them.
    #[arg(long, conflicts_with = "no_cache")]
    pub(crate) replay: bool,
}

/// A variable, and the descriptor that its value is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyFrom {
    pub(crate) name: String,
    pub(crate) descriptor: u16,
}

/// An amount in billionths of a US dollar.
fn usd(text: &str) -> Result<u64, String> {
    let amount = text.parse().ok().and_then(money::nano);
    amount.ok_or_else(|| "not an amount of US dollars, such as 5 or 0.25".to_owned())
}

pub(super) fn key_from(text: &str) -> Result<KeyFrom, String> {
    let (name, descriptor) = text.split_once('=').ok_or("not of the form NAME=FD")?;
    check_name(name).map_err(|fault| fault.message)?;
    let descriptor =
        descriptor.parse().map_err(|_| "FD is the number of an open descriptor, such as 3")?;
    Ok(KeyFrom { name: name.to_owned(), descriptor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimals() {
        assert_eq!(usd("5"), Ok(5_000_000_000));
        assert_eq!(usd("0.25"), Ok(250_000_000));
        for wrong in ["-1", "inf", "nan", "", "five", "1e30"] {
            assert!(usd(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_are_a_name_and_a_descriptor() {
        assert_eq!(key_from("MY_KEY=3").unwrap().descriptor, 3);
        for wrong in ["MY_KEY", "MY_KEY=", "MY_KEY=x", "MY_KEY=-1", "2=3", "LD_PRELOAD=3"] {
            assert!(key_from(wrong).is_err(), "{wrong}");
        }
    }
}
