//! `cache`: answers of frozen models that are kept from run to run.

use crate::{arguments::CacheCommand, exit::Exit, output};
use pilotbench_engine::{
    cache::Cache,
    fault::{Fault, Result},
};
use serde_json::json;

pub(super) fn act(command: CacheCommand) -> Result<Exit> {
    let cache = Cache::of_user();
    let cache = cache.ok_or_else(|| Fault::usage("HOME", "is not set, so nothing is kept"))?;
    match command {
        CacheCommand::Show { json: true } => {
            output::print_json(&json!({ "place": cache.root(), "size": cache.size()? }))?;
        }
        CacheCommand::Show { json: false } => {
            let size = cache.size()?;
            output::print_line(&format!(
                "{}: answers of {} models in {} files, {:.1} MB",
                cache.root().display(),
                size.models,
                size.files,
                size.bytes as f64 / 1e6
            ));
        }
        CacheCommand::Clear => {
            cache.clear()?;
            output::print_line(&format!("cleared {}", cache.root().display()));
        }
    }
    Ok(Exit::Done)
}
