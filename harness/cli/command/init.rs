//! `init`: the folder of a new benchmark.

use crate::{arguments::InitArguments, exit::Exit, output};
use pilotbench_engine::fault::{Fault, Result};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A shipped experiment: its folder in `datasets` and the files in it.
struct Shipped {
    id: &'static str,
    files: [(&'static str, &'static [u8]); 3],
}

/// The files of an experiment that this binary carries.
macro_rules! shipped {
    ($id:literal) => {
        Shipped {
            id: $id,
            files: [
                carried!($id, "experiment.toml"),
                carried!($id, "participants.csv"),
                carried!($id, "README.md"),
            ],
        }
    };
}

macro_rules! carried {
    ($id:literal, $file:literal) => {
        ($file, include_bytes!(concat!("../../../datasets/", $id, "/", $file)) as &[u8])
    };
}

const SHIPPED: [Shipped; 4] = [
    shipped!("disclosure"),
    shipped!("rice-insurance"),
    shipped!("vote-1996"),
    shipped!("ipod-disclosure"),
];

/// Files with marks, and those without.
const TEMPLATES: [(&str, &str); 6] = [
    ("pilotbench.toml", include_str!("../templates/init/pilotbench.toml.in")),
    ("nightly.toml", NIGHTLY),
    ("README.md", include_str!("../templates/init/README.md.in")),
    (".gitignore", include_str!("../templates/init/gitignore.in")),
    (".github/nightly.sh", include_str!("../templates/init/nightly.sh")),
    (".github/workflows/nightly.yml", include_str!("../templates/init/nightly.yml")),
];
const NIGHTLY: &str = include_str!("../templates/init/nightly.toml.in");

/// Writes the folder of a new benchmark.
pub(crate) fn init(arguments: &InitArguments) -> Result<Exit> {
    let chosen = chosen(&arguments.experiment)?;
    let files = files(&chosen);
    let place = |name: &str| arguments.dir.join(name);
    let there: Vec<&str> = files
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| fs::symlink_metadata(place(name)).is_ok())
        .collect();
    if !there.is_empty() {
        let message = format!("there is already {}", there.join(", "));
        let fault = Fault::usage(arguments.dir.display(), message);
        return Err(fault.hint("begin in another folder, or move these away"));
    }
    for (name, bytes) in &files {
        write(&place(name), bytes)?;
    }
    if !arguments.quiet {
        say(&arguments.dir, &files);
    }
    Ok(Exit::Done)
}

/// The experiments that were named, each once.
fn chosen(names: &[String]) -> Result<Vec<&'static Shipped>> {
    let usual = ["disclosure".to_owned()];
    let names = if names.is_empty() { &usual } else { names };
    let mut chosen: Vec<&Shipped> = Vec::new();
    for name in names {
        let found = SHIPPED.iter().find(|shipped| shipped.id == name).ok_or_else(|| {
            let message = format!("no experiment `{}` is shipped", name.escape_debug());
            let known = SHIPPED.map(|shipped| shipped.id).join(", ");
            Fault::usage("--experiment", message).hint(format!("there are: {known}"))
        })?;
        if !chosen.iter().any(|other| other.id == found.id) {
            chosen.push(found);
        }
    }
    Ok(chosen)
}

/// All files of the folder, with the way to them.
fn files(chosen: &[&Shipped]) -> Vec<(String, Vec<u8>)> {
    let templates = TEMPLATES.iter();
    let texts = templates.map(|(name, text)| ((*name).to_owned(), filled(text, chosen).into()));
    let data = chosen.iter().flat_map(|shipped| {
        let files = shipped.files.iter();
        files.map(|(name, bytes)| (format!("datasets/{}/{name}", shipped.id), bytes.to_vec()))
    });
    texts.chain(data).collect()
}

/// A template with the names of the experiments.
fn filled(template: &str, chosen: &[&Shipped]) -> String {
    let each = |before: &str, after: &str| {
        let names = chosen.iter().map(|shipped| format!("{before}{}{after}", shipped.id));
        names.collect::<Vec<_>>().join(", ")
    };
    template.replace("{{experiments}}", &each("\"", "\"")).replace("{{list}}", &each("`", "`"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let fault = |e: io::Error| Fault::store(path.display(), e);
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(fault)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if path.extension().is_some_and(|ending| ending == "sh") {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o755);
    }
    let mut file = options.open(path).map_err(fault)?;
    io::Write::write_all(&mut file, bytes).map_err(fault)
}

fn say(dir: &Path, files: &[(String, Vec<u8>)]) {
    let mut text = String::new();
    for (name, _) in files {
        text += &format!("{}\n", PathBuf::from(dir).join(name).display());
    }
    let into = match dir == Path::new(".") {
        true => String::new(),
        false => format!("cd {} && ", dir.display()),
    };
    text += &format!("next: {into}pilotbench run");
    output::remark(&output::inert(&text));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this repository runs every night is what a new folder gets.
    #[test]
    fn this_repository_has_the_same_files() {
        let all: Vec<&Shipped> = SHIPPED.iter().collect();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (place, text) in [
            ("results/nightly.toml", filled(NIGHTLY, &all)),
            (".github/nightly.sh", TEMPLATES[4].1.to_owned()),
            (".github/workflows/nightly.yml", TEMPLATES[5].1.to_owned()),
        ] {
            assert_eq!(fs::read_to_string(root.join(place)).unwrap(), text, "{place}");
        }
    }

    #[test]
    fn nothing_is_left_unfilled() {
        let chosen =
            chosen(&["vote-1996".into(), "disclosure".into(), "vote-1996".into()]).unwrap();
        let files = files(&chosen);
        assert_eq!(files.len(), TEMPLATES.len() + 6);
        for (name, bytes) in files.iter().filter(|(name, _)| !name.ends_with(".yml")) {
            assert!(!String::from_utf8_lossy(bytes).contains("{{"), "{name}");
        }
        let run_file = String::from_utf8(files[0].1.clone()).unwrap();
        assert!(run_file.contains("experiments = [\"vote-1996\", \"disclosure\"]"), "{run_file}");
    }
}
