//! What every command says to a terminal, and how.

use clap::{Args, ColorChoice};

/// How a command speaks.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Terminal")]
pub(crate) struct Terminal {
    /// Colours in tables, remarks and faults; `auto` is where a terminal shows them, as NO_COLOR,
    /// CLICOLOR and CLICOLOR_FORCE say.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// No progress and no remarks, only results and faults.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}
