//! Opens a library and checks its types.

use super::{file::PluginFile, opened::Opened};
use crate::fault::{Fault, Result};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use pilotbench_plugin_abi::{
    abi_stable::library::{AbiHeaderRef, LibraryError, RootModule},
    backend::{self, BackendModuleRef},
    metric::{self, MetricModuleRef},
};
use std::mem::ManuallyDrop;

/// An opened library. Never closed: what it gave out (functions, static texts, threads) would
/// dangle, and glibc keeps nearly every Rust library mapped anyway.
#[derive(Debug)]
pub(super) struct Loaded {
    library: ManuallyDrop<Library>,
    shown: String,
    // Never closed either: the loader knows the library by the number of the descriptor, and would
    // take the next file under the same number for this one.
    _file: ManuallyDrop<Opened>,
}

impl Loaded {
    /// Opens a library that has passed the checks of [`super::file::inspect`].
    pub(super) fn open(file: &PluginFile) -> Result<Self> {
        let shown = file.path.display().to_string();
        if !file.opened.still_is(&file.sha256) {
            let fault = Fault::plugin(&shown, "the file was changed after it was checked");
            return Err(fault.hint("replace a library by renaming a new file over it"));
        }
        let path = match file.looks_beside_itself {
            // Its neighbours are found from its own path.
            true => file.path.clone(),
            false => file.opened.path().unwrap_or_else(|| file.path.clone()),
        };
        // RTLD_NOW: an unresolved symbol is an error here and not a death at the first call.
        // RTLD_LOCAL: each library brings its own copies of everything; they must not mix.
        // SAFETY: running the library's initialisers is what loading a plugin means; the user
        // chose the file, and its probe was read before.
        let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(|e| {
            let source = std::error::Error::source(&e).map_or(String::new(), |s| format!(": {s}"));
            Fault::plugin(&shown, format!("cannot be opened{source}"))
        })?;
        let _file = ManuallyDrop::new(file.opened.clone());
        Ok(Self { library: ManuallyDrop::new(library), shown, _file })
    }

    /// The root module of interface `backend/1`.
    pub(super) fn backends(&self) -> Result<BackendModuleRef> {
        self.module(backend::SYMBOL, backend::INTERFACE)
    }

    /// The root module of interface `metric/1`.
    pub(super) fn metrics(&self) -> Result<MetricModuleRef> {
        self.module(metric::SYMBOL, metric::INTERFACE)
    }

    fn module<M: RootModule>(&self, symbol: &str, interface: &str) -> Result<M> {
        // SAFETY: by the probe this is a plugin, and a plugin exports a `LibHeader` under this
        // symbol; the header's magic is checked by `upgrade`, the types by `init_root_module`.
        let header = unsafe { self.library.get::<AbiHeaderRef>(symbol) }.map_err(|_| {
            Fault::plugin(&self.shown, format!("does not offer interface {interface}"))
        })?;
        let opened = (*header).upgrade().and_then(|header| header.init_root_module::<M>());
        opened.map_err(|error| self.layout_fault(interface, &error))
    }

    /// One line from an error whose full text is hundreds.
    fn layout_fault(&self, interface: &str, error: &LibraryError) -> Fault {
        let message = match error {
            LibraryError::AbiInstability(_) => {
                format!("interface {interface} has other types than this host's")
            }
            LibraryError::InvalidAbiHeader(_) => "built with another abi_stable".to_owned(),
            other => {
                let text = other.to_string();
                let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
                format!("interface {interface}: {line}")
            }
        };
        Fault::plugin(&self.shown, message).hint("rebuild it with the SDK of this version")
    }
}
