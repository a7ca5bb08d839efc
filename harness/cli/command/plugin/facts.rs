//! What is shown of a plugin without loading it.

use pilotbench_engine::plugin::{Entry, LockState, PluginFile};
use serde_json::{Value, json};

/// A plugin file as JSON.
pub(super) fn of_file(file: &PluginFile) -> Value {
    let probe = &file.probe;
    json!({
        "name": probe.name,
        "version": probe.version,
        "path": file.path,
        "sha256": file.sha256,
        "interfaces": probe.interfaces,
        "provides": probe.provides,
        "needs": file.needs,
        "rustc": probe.rustc,
        "sdk": probe.sdk,
        "arch": probe.arch,
    })
}

/// A plugin that was found as JSON.
pub(super) fn of_entry(entry: &Entry) -> Value {
    let mut value = of_file(&entry.file);
    value["source"] = entry.source.name().into();
    value["state"] = state(entry).into();
    value["lock"] = entry.lock.name().into();
    if let LockState::Differs(locked) = &entry.lock {
        value["locked"] = locked.as_str().into();
    }
    value["shadowed_by"] = json!(entry.shadowed_by);
    value["folder"] = json!(entry.placed.as_ref().map(|placed| &placed.folder));
    value
}

/// Whether runs use it.
pub(super) fn state(entry: &Entry) -> &'static str {
    match (&entry.shadowed_by, &entry.lock) {
        (Some(_), _) => "shadowed",
        (None, LockState::Differs(_)) => "refused",
        (None, _) => "used",
    }
}
