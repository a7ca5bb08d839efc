//! Interface `metric/1`: a metric that compares simulated answers with human ones.

use crate::{Batch, Control, Res};
use abi_stable::{
    StableAbi, declare_root_module_statics,
    library::RootModule,
    sabi_trait,
    sabi_types::VersionStrings,
    std_types::{RBox, RStr, RString},
};

/// Symbol under which a plugin exports its root module of this interface.
pub const SYMBOL: &str = "pilotbench_metric_v1";
/// Name of this interface in a [`crate::Probe`].
pub const INTERFACE: &str = "metric/1";

/// An opened metric. All methods may be called from several threads at once.
#[sabi_trait]
pub trait MetricV1: Send + Sync {
    /// Scores: human answers, simulated answers, the pilot, resample weights, context as JSON text.
    fn evaluate(
        &self,
        human: Batch,
        simulated: Batch,
        pilot: Batch,
        weights: Batch,
        context: RStr<'_>,
        control: Control,
    ) -> Res<Batch>;
    /// Ends the metric; nothing is called after it but drop.
    #[sabi(last_prefix_field)]
    fn close(&self) -> Res<()>;
}

/// An opened metric as it crosses.
pub type MetricObject = MetricV1_TO<'static, RBox<()>>;

/// Root module of this interface.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = MetricModuleRef)))]
pub struct MetricModule {
    /// Descriptions of all metrics of the library, a JSON list.
    pub describe: extern "C" fn() -> Res<RString>,
    /// Opens the metric of this name with its configuration (JSON text).
    #[sabi(last_prefix_field)]
    pub open: extern "C" fn(RStr<'_>, RStr<'_>, Control) -> Res<MetricObject>,
}

impl RootModule for MetricModuleRef {
    declare_root_module_statics! {MetricModuleRef}
    const BASE_NAME: &'static str = "pilotbench_metric";
    const NAME: &'static str = "pilotbench_metric";
    const VERSION_STRINGS: VersionStrings = crate::probe::frozen_version();
}
