//! Interface `backend/1`: a backend that answers for participants.

use crate::{Batch, Control, Res};
use abi_stable::{
    StableAbi, declare_root_module_statics,
    library::RootModule,
    sabi_trait,
    sabi_types::VersionStrings,
    std_types::{RBox, RStr, RString},
};

/// Symbol under which a plugin exports its root module of this interface.
pub const SYMBOL: &str = "pilotbench_backend_v1";
/// Name of this interface in a [`crate::Probe`].
pub const INTERFACE: &str = "backend/1";

/// An opened backend. All methods may be called from several threads at once.
#[sabi_trait]
pub trait BackendV1: Send + Sync {
    /// Learns from a pilot (possibly empty) and returns a handle to what was learned.
    fn adapt(&self, pilot: Batch, params: RStr<'_>, control: Control) -> Res<u64>;
    /// Answers every request of the batch.
    fn respond(
        &self,
        handle: u64,
        requests: Batch,
        params: RStr<'_>,
        control: Control,
    ) -> Res<Batch>;
    /// Forgets what a handle stands for.
    fn release(&self, handle: u64) -> Res<()>;
    /// Counters of use as JSON text.
    fn usage(&self) -> Res<RString>;
    /// Ends the backend; nothing is called after it but drop.
    #[sabi(last_prefix_field)]
    fn close(&self) -> Res<()>;
}

/// An opened backend as it crosses.
pub type BackendObject = BackendV1_TO<'static, RBox<()>>;

/// Root module of this interface.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = BackendModuleRef)))]
pub struct BackendModule {
    /// Descriptions of all backends of the library, a JSON list.
    pub describe: extern "C" fn() -> Res<RString>,
    /// Opens the backend of this name with its configuration (JSON text).
    #[sabi(last_prefix_field)]
    pub open: extern "C" fn(RStr<'_>, RStr<'_>, Control) -> Res<BackendObject>,
}

impl RootModule for BackendModuleRef {
    declare_root_module_statics! {BackendModuleRef}
    const BASE_NAME: &'static str = "pilotbench_backend";
    const NAME: &'static str = "pilotbench_backend";
    const VERSION_STRINGS: VersionStrings = crate::probe::frozen_version();
}
