//! `cache`: answers that are kept from run to run, of frozen models and of services.

use crate::{arguments::CacheCommand, exit::Exit, output};
use pilotbench_engine::{
    cache::Cache,
    fault::{Fault, Result},
    plugin,
};
use serde_json::json;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Answers of services, below the user's data folder. They were paid for: `clear` leaves them.
const PAID: &str = "openai/answers";

pub(super) fn act(command: CacheCommand) -> Result<Exit> {
    let cache = Cache::of_user();
    let cache = cache.ok_or_else(|| Fault::usage("HOME", "is not set, so nothing is kept"))?;
    let paid = plugin::user_data().map(|data| data.join(PAID));
    match command {
        CacheCommand::Show { json } => show(&cache, paid.as_deref(), json)?,
        CacheCommand::Clear { paid: with_paid, json } => {
            clear(&cache, paid.filter(|folder| with_paid && folder.exists()), json)?;
        }
    }
    Ok(Exit::Done)
}

fn clear(cache: &Cache, paid: Option<PathBuf>, as_json: bool) -> Result<()> {
    cache.clear()?;
    let mut cleared = vec![cache.root().to_owned()];
    if let Some(folder) = paid {
        fs::remove_dir_all(&folder).map_err(|e| Fault::store(folder.display(), e))?;
        cleared.push(folder);
    }
    if as_json {
        return output::print_json(&json!({ "cleared": cleared }));
    }
    for folder in cleared {
        output::print_line(&format!("cleared {}", folder.display()));
    }
    Ok(())
}

fn show(cache: &Cache, paid: Option<&Path>, as_json: bool) -> Result<()> {
    let size = cache.size()?;
    let [files, bytes] = match paid {
        Some(folder) => {
            of_folder(folder.to_owned()).map_err(|e| Fault::store(folder.display(), e))?
        }
        None => [0, 0],
    };
    if as_json {
        let services = json!({ "place": paid, "answers": files, "bytes": bytes });
        let all = json!({ "place": cache.root(), "size": size, "services": services });
        return output::print_json(&all);
    }
    output::print_line(&format!(
        "{}: answers of {} models in {} files, {:.1} MB",
        cache.root().display(),
        size.models,
        size.files,
        size.bytes as f64 / 1e6
    ));
    if let Some(folder) = paid.filter(|_| files > 0) {
        output::print_line(&format!(
            "{}: {files} answers of services, {:.1} MB",
            folder.display(),
            bytes as f64 / 1e6
        ));
    }
    Ok(())
}

/// Files and bytes below a folder that need not be there.
fn of_folder(folder: PathBuf) -> io::Result<[u64; 2]> {
    let (mut sum, mut folders) = ([0, 0], vec![folder]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => folders.push(entry.path()),
                false => sum = [sum[0] + 1, sum[1] + entry.metadata()?.len()],
            }
        }
    }
    Ok(sum)
}
