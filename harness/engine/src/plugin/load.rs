//! Opens a library and checks its types.

use super::file::PluginFile;
use crate::fault::{Fault, Result};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use pilotbench_plugin_abi::{
    FLAG_PANIC_ABORT,
    abi_stable::library::{AbiHeaderRef, LibraryError, RootModule},
    backend::{self, BackendModuleRef},
    metric::{self, MetricModuleRef},
};
use std::{
    mem::ManuallyDrop,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

/// An opened library. Never closed: what it gave out (functions, static texts, threads) would
/// dangle, and glibc keeps nearly every Rust library mapped anyway.
#[derive(Debug)]
pub(super) struct Loaded {
    library: ManuallyDrop<Library>,
    shown: String,
    // Never closed either: the loader knows the library by the number of the descriptor, and would
    // take the next file under the same number for this one.
    _file: ManuallyDrop<OwnedFd>,
}

impl Loaded {
    /// Opens a library that has passed the checks of [`super::file::inspect`] in this process.
    pub(super) fn open(file: &PluginFile) -> Result<Self> {
        file.check_unchanged()?;
        if file.probe.flags & FLAG_PANIC_ABORT != 0 {
            let message = "built with panic=abort: it runs in a worker only, not with --in-process";
            let fault = Fault::plugin(file.path.display(), message);
            return Err(fault.hint("build it with panic = \"unwind\", the default"));
        }
        let origin = file.looks_beside_itself.then_some(file.path.as_path());
        Self::load(file.opened.file().as_fd(), origin, &file.path.display().to_string())
    }

    /// Loads the file behind a descriptor; `origin` is its path where it looks for other libraries
    /// beside itself.
    pub(super) fn load(file: BorrowedFd, origin: Option<&Path>, shown: &str) -> Result<Self> {
        let fault = |message: String| Fault::plugin(shown, message);
        let file = file.try_clone_to_owned().map_err(|e| fault(e.to_string()))?;
        let path = match origin {
            Some(path) => path.to_owned(),
            None => PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())),
        };
        // RTLD_NOW: an unresolved symbol is an error here and not a death at the first call.
        // RTLD_LOCAL: each library brings its own copies of everything; they must not mix.
        // SAFETY: running the library's initialisers is what loading a plugin means; the user
        // chose the file, and its probe was read before.
        let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(|e| {
            let source = std::error::Error::source(&e).map_or(String::new(), |s| format!(": {s}"));
            fault(format!("cannot be opened{source}"))
        })?;
        let (library, _file) = (ManuallyDrop::new(library), ManuallyDrop::new(file));
        Ok(Self { library, shown: shown.to_owned(), _file })
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
