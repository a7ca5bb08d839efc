//! Work that a service does over hours: training a model on a pilot, and batches of requests. Such
//! work is paid once and found again: by a note on disk, else by a name of ours that it carries.

pub(crate) mod batch;
pub(crate) mod fine_tune;
mod jobs;
mod notes;

pub(crate) use fine_tune::FineTuned;
