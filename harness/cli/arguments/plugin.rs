//! What can be typed after `plugin`.

use clap::{ArgGroup, Args, Subcommand, ValueHint};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// List plugins and where they are; runs none of their code.
    #[command(after_help = LIST_HELP)]
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what a plugin says of itself; loads it.
    #[command(after_help = INFO_EXAMPLES)]
    Info {
        /// Name, NAME@VERSION, or path of a library or of a folder with plugin.toml.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Begin a plugin: a crate with a working example and its test.
    #[command(after_help = NEW_EXAMPLES)]
    New(NewPluginArguments),
    /// Build where needed, look at, load and install a plugin, and lock it.
    #[command(after_help = ADD_EXAMPLES)]
    Add(AddArguments),
    /// Take an installed plugin away, and out of plugins.lock.
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove(RemoveArguments),
    /// Compare installed plugins with plugin.toml and plugins.lock; runs none of their code.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArguments),
    /// Show how plugins.lock differs from the plugins found here, and accept these.
    #[command(after_help = UPDATE_EXAMPLES)]
    Update(UpdateArguments),
    /// Check that a plugin keeps the contract; loads it.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArguments),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("kind").required(true))]
pub(crate) struct NewPluginArguments {
    /// Name of plugin, crate and folder: small letters, digits and -, a letter first.
    pub(crate) name: String,
    /// A method that answers for participants.
    #[arg(long, group = "kind")]
    pub(crate) backend: bool,
    /// Scores of simulated answers against human ones.
    #[arg(long, group = "kind")]
    pub(crate) metric: bool,
    /// Folder in which the crate's folder is made.
    #[arg(long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub(crate) path: PathBuf,
    /// Sources of the SDK, or of all of pilotbench; those of this binary unless given.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath)]
    pub(crate) sdk: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// A library, a folder with plugin.toml, or a crate's folder.
    pub(crate) path: PathBuf,
    /// Into the user's data folder instead of the project's.
    #[arg(long)]
    pub(crate) user: bool,
    /// Replace another build of the same version.
    #[arg(long)]
    pub(crate) force: bool,
    /// Do not ask it the quick questions of `plugin check`, nor load it.
    #[arg(long)]
    pub(crate) unchecked: bool,
    #[arg(from_global)]
    pub(crate) quiet: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArguments {
    /// NAME, or NAME@VERSION where several versions are installed.
    #[arg(value_name = "PLUGIN")]
    pub(crate) wanted: String,
    /// From the user's data folder instead of the project's.
    #[arg(long)]
    pub(crate) user: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Plugins, NAME or NAME@VERSION; all unless given.
    #[arg(value_name = "PLUGIN")]
    pub(crate) wanted: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArguments {
    /// Plugins, NAME or NAME@VERSION; all unless given.
    #[arg(value_name = "PLUGIN")]
    pub(crate) wanted: Vec<String>,
    /// Write plugins.lock.
    #[arg(long)]
    pub(crate) accept: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Name, or path of the library.
    #[arg(required_unless_present = "list")]
    pub(crate) name: Option<String>,
    /// Only this backend.
    #[arg(long, value_name = "NAME", conflicts_with = "metric")]
    pub(crate) backend: Option<String>,
    /// Only this metric.
    #[arg(long, value_name = "NAME")]
    pub(crate) metric: Option<String>,
    /// Settings to open it with, a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) settings: String,
    #[arg(from_global)]
    pub(crate) quiet: bool,
    /// Ask less: for methods whose answers take long or cost money.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print the reports as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// List the checks and end.
    #[arg(long)]
    pub(crate) list: bool,
}

const LIST_HELP: &str = "\
Plugins are looked for in this order; of one name the first is used, in a place the locked version,
then the highest, and the others are shown as shadowed:

  argument      --plugin PATH
  project       .pilotbench/plugins/NAME/VERSION/ in the working folder
  environment   the folders of PILOTBENCH_PLUGIN_PATH
  user          the data folder, ~/.local/share/pilotbench/plugins
  built-in      beside the executable

`lock` says what plugins.lock holds: `differs` is refused in runs. A hash proves that a file is the
same as before, not that it is harmless.

Examples:
  pilotbench plugin list
  pilotbench plugin list --json";

const INFO_EXAMPLES: &str = "\
Examples:
  pilotbench plugin info individual
  pilotbench plugin info coin@0.3.1
  pilotbench plugin info target/release/libcoin.so
  pilotbench plugin info .pilotbench/plugins/coin/0.3.1";

const NEW_EXAMPLES: &str = "\
The crate builds, passes its test and does something small: a backend answers with the pilot's
smoothed shares, a metric scores the gap between means with resamples.

Examples:
  pilotbench plugin new coin --backend
  pilotbench plugin new mean-gap --metric --path ../plugins
  pilotbench plugin new coin --backend --sdk /opt/pilotbench";

const ADD_EXAMPLES: &str = "\
A crate is built with cargo in release, which runs its build scripts. What the plugin is and needs is
shown before any of its own code runs (not with --quiet); then it is loaded, must describe itself and
conform to the contract as far as the quick questions of `plugin check` go; then it is copied to
NAME/VERSION/ in the place, with plugin.toml, and its hash goes into plugins.lock, which is committed
with the project.

Examples:
  pilotbench plugin add ./coin                      a crate
  pilotbench plugin add target/release/libcoin.so   a library
  pilotbench plugin add downloads/coin-0.3.1        a folder with plugin.toml
  pilotbench plugin add ./coin --user               for all projects of this user
  pilotbench plugin add ./coin --force              another build of a version that is there or locked";

const REMOVE_EXAMPLES: &str = "\
Examples:
  pilotbench plugin remove coin
  pilotbench plugin remove coin@0.3.1
  pilotbench plugin remove coin --user";

const VERIFY_EXAMPLES: &str = "\
Each plugin's file is hashed and compared with its plugin.toml and with plugins.lock, and what its
library says of itself with its plugin.toml. Ends with exit code 4 when anything differs, and also
when a locked plugin is not here. Built-in plugins come with the binary and are not looked at.

Examples:
  pilotbench plugin verify
  pilotbench plugin verify coin --json";

const UPDATE_EXAMPLES: &str = "\
Without --accept nothing is written: what would change is shown, and the exit code is 4 when anything
would. With --accept the plugins that are used here are locked as they are, and locked ones that are
not here are forgotten.

Examples:
  pilotbench plugin update                 how plugins.lock and the plugins differ
  pilotbench plugin update --accept        lock all plugins as they are
  pilotbench plugin update coin --accept   lock this one";

const CHECK_EXAMPLES: &str = "\
Examples:
  pilotbench plugin check distribution                    all that a plugin provides
  pilotbench plugin check ./libmine.so --metric mean-gap  one of them, from a file
  pilotbench plugin check mine --settings '{\"alpha\": 1}' --json
  pilotbench plugin check --list                          what is asked

Exit codes: 0 conforms, 4 does not.";
