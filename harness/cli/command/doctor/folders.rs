//! The run file, and the folders that are read and written.

use super::Finding;
use crate::{arguments::Places, setting};
use pilotbench_engine::{
    cache::Cache,
    experiment,
    fault::{Fault, Result},
    plugin,
};
use std::path::{Path, PathBuf};

/// Free space below which a run may not end, bytes. The default run writes a tenth of it.
const SPACE_MIN: u64 = 1 << 30;

const DATA: &str = "models, plugins of the user and paid answers";

pub(super) fn look(places: &Places) -> Vec<Finding> {
    let cache = Cache::of_user().map(|cache| cache.root().to_owned());
    vec![
        run_file(),
        experiments(places),
        written(
            "results",
            Some(places.results.clone()),
            "runs are recorded there",
            "--results DIR",
        )
        .needed(),
        written("data", plugin::user_data(), DATA, "export XDG_DATA_HOME=DIR"),
        written("cache", cache, "kept answers", "export XDG_CACHE_HOME=DIR"),
    ]
}

fn run_file() -> Finding {
    let purpose = "what `pilotbench run` does here";
    match setting::run_file(None) {
        Ok(file) => {
            let is_here = Path::new(setting::USUAL).is_file();
            let place = if is_here { setting::USUAL } else { "the embedded default" };
            Finding::ok("run file", format!("{place}, run `{}`", file.name), purpose)
        }
        Err(fault) => Finding::broken("run file", &fault, purpose),
    }
    .needed()
}

fn experiments(places: &Places) -> Finding {
    let purpose = "human answers: what a run is scored against";
    let finding = match found(places) {
        Ok(count) => {
            let found = format!("{count} in {}", shown(&places.datasets));
            Finding::ok("experiments", found, purpose)
        }
        Err(fault) => Finding::broken("experiments", &fault, purpose),
    };
    finding.needed()
}

/// How many experiments there are; a fault when one of the run file's is not among them.
fn found(places: &Places) -> Result<usize> {
    let folders = experiment::folders(&places.datasets)?;
    if let Ok(file) = setting::run_file(None) {
        for name in &file.experiments {
            experiment::find(&places.datasets, name)?;
        }
    }
    Ok(folders.len())
}

/// A folder that is there and can be written to, or can be made; and how another one is chosen.
fn written(
    what: &str,
    folder: Option<PathBuf>,
    purpose: &'static str,
    choose: &'static str,
) -> Finding {
    let another = format!("choose another folder: {choose}");
    let Some(folder) = folder else {
        let finding = Finding::missing(what, "HOME is not set, so there is none", purpose);
        return finding.remedy(another);
    };
    match space(&folder) {
        Ok((is_there, bytes)) => {
            let made = if is_there { "" } else { ", made when it is needed" };
            let gib = bytes as f64 / f64::from(1 << 30);
            let found = format!("{}, {gib:.1} GiB free{made}", shown(&folder));
            match bytes < SPACE_MIN {
                false => Finding::ok(what, found, purpose),
                true => Finding::missing(what, found, purpose)
                    .remedy(format!("free 1 GiB there, or {another}")),
            }
        }
        Err(fault) => Finding::broken(what, &fault.hint(another), purpose),
    }
}

/// Whether the folder is there, and what is free where it is or would be made.
fn space(folder: &Path) -> Result<(bool, u64)> {
    let absolute = std::path::absolute(folder).map_err(|e| Fault::store(folder.display(), e))?;
    let nearest = absolute.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    // A file without a name, gone when it is closed: asked is the file system and not a table of rights.
    tempfile::tempfile_in(nearest)
        .map_err(|e| Fault::store(nearest.display(), format!("cannot be written to: {e}")))?;
    let stat = rustix::fs::statvfs(nearest).map_err(|e| Fault::store(nearest.display(), e))?;
    Ok((nearest == absolute, stat.f_bavail.saturating_mul(stat.f_frsize)))
}

/// As a whole path, so that it is plain which folder is meant.
fn shown(folder: &Path) -> String {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).display().to_string()
}
