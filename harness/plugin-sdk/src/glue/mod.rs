//! What [`export_plugin!`](crate::export_plugin) expands to. Not for authors: no stability promise.
#![allow(unsafe_code)]

mod backend;
mod export;
mod ffi;
mod guard;
mod metric;
mod subject;

pub use backend::{BackendEntry, describe_backends, open_backend};
pub use export::{SDK_VERSION, TARGET_ARCH, TARGET_RUSTC, flags, pieces};
pub use ffi::{export_batch, import_batch};
pub use guard::guard;
pub use metric::{MetricEntry, describe_metrics, open_metric};
pub use subject::{BackendType, MetricType};
