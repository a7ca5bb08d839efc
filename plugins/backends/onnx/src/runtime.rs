//! The ONNX Runtime library: where it is, and the one environment of this process.
//!
//! A place that a user names (the setting `runtime`, the variable ORT_DYLIB_PATH) is right or an
//! error. Otherwise the first of these that can be used: the one that `pilotbench model pull
//! onnxruntime` stored, the Python package `onnxruntime` of an active environment or an
//! installation, the system's.

use backend_language::place;
use ort::{environment::Environment, logging::LogLevel};
use pilotbench_plugin_sdk::{Error, Result};
use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The library of this process.
pub(crate) struct Runtime {
    pub(crate) environment: Environment,
    /// Such as `1.32`.
    pub(crate) version: String,
    path: PathBuf,
}

/// ONNX Runtime takes one environment per process, for ever.
static RUNTIME: OnceLock<std::result::Result<Runtime, Error>> = OnceLock::new();

/// Name by which the system knows the library.
const SYSTEM: [&str; 2] = ["libonnxruntime.so.1", "libonnxruntime.so"];

/// The library, loaded at the first call.
///
/// # Errors
/// When none can be used; the message lists every place with the reason.
pub(crate) fn runtime(setting: Option<&str>) -> Result<&'static Runtime> {
    let named = setting.map(place::expanded);
    let runtime = RUNTIME.get_or_init(|| load(named.as_deref())).as_ref().map_err(Clone::clone)?;
    match named.filter(|named| *named != runtime.path) {
        None => Ok(runtime),
        Some(_) => {
            let message = format!("this process has loaded {} already", runtime.path.display());
            Err(Error::config("runtime", message))
        }
    }
}

fn load(named: Option<&Path>) -> Result<Runtime> {
    if let Some(path) = named {
        let version = usable(path).map_err(|why| Error::config("runtime", told(path, &why)))?;
        return open(path, version);
    }
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from) {
        let wrong = |why: String| Error::config("ORT_DYLIB_PATH", told(&path, &why));
        let version = usable(&path).map_err(wrong)?;
        return open(&path, version);
    }
    let mut reasons = Vec::new();
    for path in candidates() {
        match usable(&path) {
            Ok(version) => return open(&path, version),
            Err(why) => reasons.push(told(&path, &why)),
        }
    }
    let message = format!(
        "ONNX Runtime is not on this machine ({}); `pilotbench model pull onnxruntime` fetches it, \
         or name the library with ORT_DYLIB_PATH or the setting `runtime`",
        reasons.join("; ")
    );
    Err(Error::Config { key: "runtime".into(), message })
}

fn told(path: &Path, why: &str) -> String {
    format!("{}: {why}", path.display())
}

/// The minor version of a library that this backend can use, or why it cannot. Nothing of
/// `ort` may be called before this has said yes: without a library it panics.
fn usable(path: &Path) -> std::result::Result<u32, String> {
    let is_bare = path.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    if !is_bare {
        let mut begin = [0; 4];
        let mut file = std::fs::File::open(path).map_err(|e| e.to_string())?;
        let is_library = file.read_exact(&mut begin).is_ok() && begin == *b"\x7FELF";
        if !is_library && cfg!(target_os = "linux") {
            return Err("is no shared library".into());
        }
    }
    let oldest = ort::MINOR_VERSION;
    match ort::util::probe(path) {
        Some(minor) if minor >= oldest => Ok(minor),
        Some(minor) => Err(format!("is ONNX Runtime 1.{minor}; 1.{oldest} or later is needed")),
        None if is_bare => Err("the system has none".into()),
        None => Err("cannot be loaded as ONNX Runtime 1.x".into()),
    }
}

fn open(path: &Path, minor: u32) -> Result<Runtime> {
    let failed = |e: &dyn std::fmt::Display| Error::external(told(path, &e.to_string()));
    let builder = ort::init_from(path).map_err(|e| failed(&e))?;
    let environment = builder.with_name("pilotbench").with_telemetry(false).build();
    let environment = environment.map_err(|e| failed(&e))?;
    // What goes wrong comes back as an error; its own log would say it twice.
    environment.set_log_level(LogLevel::Fatal);
    Ok(Runtime { environment, version: format!("1.{minor}"), path: path.to_owned() })
}

/// Where a library may lie, in the order of the search; files that are there, and the system's names.
fn candidates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    if let Some(data) = place::user_data() {
        found.extend(libraries(&data.join("models/onnxruntime")));
    }
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let home = variable("HOME").map(|home| home.join(".local"));
    let roots = [variable("VIRTUAL_ENV"), variable("CONDA_PREFIX"), home];
    let system = ["/usr/local", "/usr"].map(PathBuf::from);
    for root in roots.into_iter().flatten().chain(system) {
        for python in listed(&root.join("lib")) {
            for packages in ["site-packages", "dist-packages"] {
                found.extend(libraries(&python.join(packages).join("onnxruntime/capi")));
            }
        }
    }
    found.extend(SYSTEM.map(PathBuf::from));
    found
}

fn libraries(folder: &Path) -> Vec<PathBuf> {
    let is_library = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libonnxruntime.") && !name.contains("providers")
    };
    listed(folder).into_iter().filter(is_library).collect()
}

/// What is in a folder, in order; nothing where it cannot be read.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}
