//! Plugins in processes of their own, so that one that crashes, hangs or exits fails only what was
//! asked of it.
//!
//! The host starts `pilotbench worker` once per plugin and configuration. Words go over sockets
//! that keep messages apart (`SOCK_SEQPACKET`): half a message cannot arrive. Each host thread that
//! calls has a socket of its own (a lane), served by a thread of the worker: so nobody waits in a
//! queue and nothing has to be matched. Tables lie in memory files whose descriptors were passed
//! along: a lane has one for each direction, and the tables of a replicate are written once for all
//! metrics. Whoever reads copies, and checks the copy.
//!
//! From outside in: `session` (what the rest of the engine sees; restarts), `client` (one
//! living worker and its calls), `process` (start, output, death), `channel`, `message` and
//! `shared` (what crosses), `serve` (the worker's own side) and `sandbox` (what it may touch).
//! `reader` is another kind of process, for files of strangers, in the same sandbox.

mod channel;
mod client;
mod key;
mod message;
mod process;
mod reader;
mod sandbox;
mod serve;
mod session;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
mod variables;

pub use key::read_key;
pub(super) use message::{Described, Open};
pub use reader::{Reader, ReaderSettings, serve_reader};
pub use sandbox::{Sandbox, sandbox_here};
pub use serve::serve;
pub(super) use session::{Link, WorkerBackend, WorkerMetric};
pub use settings::WorkerSettings;
pub(super) use shared::Shared;
pub use variables::{BUDGET, ESTIMATE, LEDGER, NO_CACHE, REPLAY, check_name};
