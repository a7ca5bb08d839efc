//! Where models lie, and what their files are recognised by.

use crate::Problem;
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Where the user's data of ours lie: models that were pulled, adapters that were trained.
pub fn user_data() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?;
    Some(data.join("pilotbench"))
}

/// A path with the user's home for `~/`.
pub fn expanded(path: &str) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// What a setting names: a path as it is, or the folder of a pulled model; where a folder holds one
/// file that ends with `extension` and no `config.json`, that file.
///
/// # Errors
/// When there is nothing, or several such files.
pub fn find(model: &str, extension: &str) -> Result<PathBuf, Problem> {
    let path = expanded(model);
    if path.exists() {
        return whole(path, extension);
    }
    let is_name = !model.contains(['/', '\\']) && !model.contains("..");
    let Some(data) = user_data().filter(|_| is_name) else {
        return Err(Problem::file(&path, "there is no such file or folder"));
    };
    let pulled = data.join("models").join(model);
    if pulled.is_dir() {
        return whole(pulled, extension);
    }
    let message = format!(
        "no file, folder or pulled model is called so; `pilotbench model pull {model}` fetches it if it is in the catalogue"
    );
    Err(Problem::file(Path::new(model), message))
}

fn whole(path: PathBuf, extension: &str) -> Result<PathBuf, Problem> {
    if !path.is_dir() || (extension == "gguf" && path.join("config.json").exists()) {
        return Ok(path);
    }
    let entries = path.read_dir().map_err(|e| Problem::file(&path, e))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|e| e == extension)).collect();
    let config = if extension == "gguf" { "neither config.json nor" } else { "no file that ends" };
    match (found.pop(), found.len()) {
        (Some(file), 0) => Ok(file),
        (None, _) => Err(Problem::file(&path, format!("holds {config} .{extension}"))),
        (Some(_), _) => {
            Err(Problem::file(&path, format!("holds several .{extension} files: name one")))
        }
    }
}

/// SHA-256 over files, one after the other.
///
/// # Errors
/// When one cannot be read.
pub fn sha256(files: &[PathBuf]) -> Result<String, Problem> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    for path in files {
        let mut file = File::open(path).map_err(|e| Problem::file(path, e))?;
        loop {
            match file.read(&mut buffer).map_err(|e| Problem::file(path, e))? {
                0 => break,
                read => digest.update(&buffer[..read]),
            }
        }
    }
    Ok(hex(&digest.finalize()))
}

/// Bytes as hashes are written.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
