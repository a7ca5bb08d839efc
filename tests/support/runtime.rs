//! ONNX Runtime for tests.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The library: the one that ORT_DYLIB_PATH names, or the one that `pilotbench model pull
/// onnxruntime` fetches, once for a build folder. `None`, with a line on standard error, where it
/// cannot be fetched: tests that need it then prove nothing, unless PILOTBENCH_ONNXRUNTIME=required
/// makes that a failure.
pub(crate) fn onnxruntime() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found =
        FOUND.get_or_init(|| std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from).or_else(pulled));
    if found.is_none() {
        let is_required = std::env::var("PILOTBENCH_ONNXRUNTIME").is_ok_and(|v| v == "required");
        assert!(!is_required, "ONNX Runtime could not be fetched");
        eprintln!("NOT TESTED: ONNX Runtime could not be fetched with pip");
    }
    found.as_deref()
}

fn pulled() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("onnxruntime");
    let mut pull = Command::new(env!("CARGO_BIN_EXE_pilotbench"));
    pull.args(["model", "pull", "onnxruntime", "--quiet"]).env("XDG_DATA_HOME", &data);
    let output = pull.output().ok()?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let folder = data.join("pilotbench/models/onnxruntime").read_dir().ok()?;
    let mut files = folder.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|file| file.to_string_lossy().contains("libonnxruntime.so"))
}
