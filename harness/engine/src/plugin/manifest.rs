//! `plugin.toml`, which lies beside an installed library and says what it must be.

use super::{
    file::{Expected, PluginFile, check_name, inspect_expecting},
    needs::Needs,
};
use crate::{
    experiment::{read_text, toml_fault},
    fault::{Fault, FaultKind, Result},
};
use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Name of the manifest in a plugin's folder.
pub const MANIFEST_FILE: &str = "plugin.toml";
/// More than any manifest needs, few enough to read a thousand.
const BYTES_MAX: usize = 64 << 10;

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What the plugin is.
    pub plugin: About,
    /// Its library for each target.
    pub library: BTreeMap<String, Library>,
    /// What is inside.
    #[serde(default)]
    pub provides: Provides,
    /// What it needs from the world outside.
    #[serde(default)]
    pub needs: Needs,
}

/// What a plugin is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Name, unique with the version.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// Version.
    #[serde(deserialize_with = "version")]
    pub version: Version,
    /// Licence.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "line")]
    pub license: Option<String>,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "line")]
    pub description: Option<String>,
    /// Interfaces that it speaks.
    pub interfaces: Vec<String>,
}

/// A library for one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// Name of the file, in the manifest's folder.
    #[serde(deserialize_with = "file_name")]
    pub file: String,
    /// Its SHA-256, hexadecimal.
    #[serde(deserialize_with = "sha256")]
    pub sha256: String,
}

/// What a plugin provides, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provides {
    /// Backends.
    pub backends: Vec<String>,
    /// Metrics.
    pub metrics: Vec<String>,
}

/// Target of this host, as cargo calls it.
pub fn host_target() -> String {
    let environment = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
    format!("{}-unknown-{}-{environment}", std::env::consts::ARCH, std::env::consts::OS)
}

impl Manifest {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// When it cannot be read, says anything else, or says what cannot be.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST_FILE);
        let fault = |message: &str| Fault::plugin(path.display(), message);
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => {}
            // A pipe would make the reader wait.
            Ok(_) => return Err(fault("not a regular file")),
            Err(e) => return Err(fault(&e.to_string())),
        }
        let plugin = |fault: Fault| Fault { kind: FaultKind::Plugin, ..fault };
        Self::parse(&path, &read_text(&path, BYTES_MAX).map_err(plugin)?)
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text).map_err(|e| {
            let fault = toml_fault(&path.display().to_string(), text, &e);
            Fault::plugin(fault.place, fault.message.escape_debug())
        })?;
        match manifest.library.is_empty() {
            true => Err(Fault::plugin(path.display(), "library: names no library")),
            false => Ok(manifest),
        }
    }

    /// The manifest of a library for this host.
    ///
    /// # Errors
    /// When the library's version is none.
    pub fn of(file: &PluginFile, library: Library) -> Result<Self> {
        let probe = &file.probe;
        let version = Version::parse(&probe.version).map_err(|e| {
            let message = format!("its version `{}` is none: {e}", probe.version.escape_debug());
            Fault::plugin(file.path.display(), message).hint("versions are like 0.3.1")
        })?;
        let about = About {
            name: probe.name.clone(),
            version,
            license: None,
            description: None,
            interfaces: probe.interfaces.clone(),
        };
        Ok(Self {
            plugin: about,
            library: BTreeMap::from([(host_target(), library)]),
            provides: Provides::of(file),
            needs: file.needs.clone(),
        })
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Never in practice: its types have a TOML form.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Fault::plugin(MANIFEST_FILE, e))
    }

    /// The library for this host.
    ///
    /// # Errors
    /// When there is none.
    pub fn host_library(&self, folder: &Path) -> Result<&Library> {
        let target = host_target();
        self.library.get(&target).ok_or_else(|| {
            let known: Vec<_> = self.library.keys().map(|t| t.escape_debug().to_string()).collect();
            let path = folder.join(MANIFEST_FILE);
            let fault = Fault::plugin(path.display(), format!("has no library for {target}"));
            fault.hint(format!("it has libraries for {}", known.join(", ")))
        })
    }

    /// The library for this host, looked at and found to be what the manifest says.
    ///
    /// # Errors
    /// When it is missing, is another file, or is another plugin than the manifest says.
    pub fn inspect(&self, folder: &Path) -> Result<PluginFile> {
        let library = self.host_library(folder)?;
        let expected = Expected { sha256: &library.sha256, by: MANIFEST_FILE };
        let file = inspect_expecting(&folder.join(&library.file), Some(expected))?;
        self.check(&file)?;
        Ok(file)
    }

    fn check(&self, file: &PluginFile) -> Result<()> {
        let (about, probe) = (&self.plugin, &file.probe);
        let interfaces = |list: &[String]| sorted(list).join(" ");
        let found = Provides::of(file);
        let rows: [(&str, String, String); 6] = [
            ("name", about.name.clone(), probe.name.clone()),
            ("version", about.version.to_string(), probe.version.clone()),
            ("interfaces", interfaces(&about.interfaces), interfaces(&probe.interfaces)),
            ("backends", sorted(&self.provides.backends).join(" "), found.backends.join(" ")),
            ("metrics", sorted(&self.provides.metrics).join(" "), found.metrics.join(" ")),
            ("needs", self.needs.to_string(), file.needs.to_string()),
        ];
        for (key, said, is) in rows {
            if said != is {
                let message = format!(
                    "{key}: {MANIFEST_FILE} says `{}`, the library `{}`",
                    said.escape_debug(),
                    is.escape_debug()
                );
                let hint = "add the plugin again with `pilotbench plugin add --force`";
                return Err(Fault::plugin(file.path.display(), message).hint(hint));
            }
        }
        Ok(())
    }
}

impl Provides {
    fn of(file: &PluginFile) -> Self {
        let named = |kind: &str| -> Vec<String> {
            let entries = file.probe.provides.iter();
            let names: Vec<_> =
                entries.filter_map(|e| e.strip_prefix(kind)).map(str::to_owned).collect();
            sorted(&names)
        };
        Self { backends: named("backend:"), metrics: named("metric:") }
    }
}

fn sorted(list: &[String]) -> Vec<String> {
    let mut list = list.to_vec();
    list.sort();
    list
}

/// A manifest and its folder.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The folder.
    pub folder: PathBuf,
    /// The manifest in it.
    pub manifest: Manifest,
}

fn name<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    let name = String::deserialize(from)?;
    check_name(&name).map_err(|message| D::Error::custom(format!("name: {message}")))?;
    Ok(name)
}

fn version<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Version, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = |e| D::Error::custom(format!("version: `{text}` is not like 0.3.1: {e}"));
    Version::parse(&text).map_err(wrong)
}

fn line<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    match text.chars().any(char::is_control) {
        true => Err(D::Error::custom("more than one line, or control characters")),
        false => Ok(Some(text)),
    }
}

fn file_name<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let plain = !text.is_empty()
        && text.len() <= 255
        && !text.starts_with('.')
        && !text.chars().any(|c| c.is_control() || "/\\".contains(c));
    match plain {
        true => Ok(text),
        false => {
            let shown: String = text.chars().take(60).collect();
            let message = format!("file: `{shown}` is no name of a file beside {MANIFEST_FILE}");
            Err(D::Error::custom(message))
        }
    }
}

/// Sixty-four hexadecimal digits.
pub(super) fn sha256<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    match text.len() == 64 && text.bytes().all(digit) {
        true => Ok(text),
        false => Err(D::Error::custom("sha256: not 64 digits of 0-9a-f")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        let hash = "0".repeat(64);
        format!(
            "[plugin]\nname = \"coin\"\nversion = \"0.3.1\"\nlicense = \"MIT\"\n\
             interfaces = [\"backend/1\"]\n\
             [library.x86_64-unknown-linux-gnu]\nfile = \"libcoin.so\"\nsha256 = \"{hash}\"\n\
             [provides]\nbackends = [\"coin\"]\n[needs]\nenv = [\"KEY\"]\n"
        )
    }

    fn parse(text: &str) -> Result<Manifest> {
        Manifest::parse(Path::new("coin/plugin.toml"), text)
    }

    #[test]
    fn read_and_written_again() {
        let manifest = parse(&text()).unwrap();
        assert_eq!(manifest.plugin.version, Version::new(0, 3, 1));
        assert_eq!(manifest.needs.env, ["KEY"]);
        assert_eq!(parse(&manifest.to_toml().unwrap()).unwrap(), manifest);
    }

    #[test]
    fn faults_name_file_and_line() {
        let cases = [
            ("name = \"coin\"", "name = \"../coin\"", ":2: name: `../coin` is not of [a-z0-9-]"),
            ("name = \"coin\"", "name = \"Coin\"", ":2: name: `Coin`"),
            ("name = \"coin\"\n", "", ":1: missing field `name`"),
            ("\"0.3.1\"", "\"1\"", ":3: version: `1` is not like 0.3.1: unexpected end"),
            ("\"0.3.1\"", "3", ":3: invalid type: integer `3`, expected a string"),
            ("\"MIT\"", "\"a\\u001bb\"", ":4: more than one line, or control characters"),
            ("license", "licence", ":4: unknown field `licence`"),
            ("[\"backend/1\"]", "\"backend/1\"", ":5: invalid type"),
            ("libcoin.so", "../libcoin.so", ":7: file: `../libcoin.so` is no name of a file"),
            ("libcoin.so", "/lib/libcoin.so", ":7: file: `/lib/libcoin.so` is no name"),
            ("libcoin.so", "..", ":7: file: `..` is no name"),
            ("libcoin.so", "", ":7: file: `` is no name"),
            ("0000\"", "000G\"", ":8: sha256: not 64 digits of 0-9a-f"),
            ("0000\"", "000\"", ":8: sha256: not 64 digits"),
            ("[provides]", "[provide]", ":9: unknown field `provide`"),
            ("env = ", "environment = ", ":12: unknown field `environment`"),
            ("[needs]", "[needs", ":11: "),
        ];
        for (good, bad, expected) in cases {
            let text = text().replacen(good, bad, 1);
            let fault = parse(&text).unwrap_err().to_string();
            assert!(fault.starts_with(&format!("coin/plugin.toml{expected}")), "{bad}: {fault}");
        }
        let none = text().split("[library").next().unwrap().to_owned() + "[library]\n";
        assert!(parse(&none).unwrap_err().message.contains("names no library"));
    }

    #[test]
    fn other_targets_are_named() {
        let text = text().replace("x86_64-unknown-linux-gnu", "mips-unknown-linux-gnu");
        let fault = parse(&text).unwrap().host_library(Path::new("coin")).unwrap_err();
        assert_eq!(fault.message, format!("has no library for {}", host_target()));
        assert_eq!(fault.hint.unwrap(), "it has libraries for mips-unknown-linux-gnu");
    }

    #[test]
    fn a_long_manifest_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let long = text() + &"#".repeat(BYTES_MAX);
        std::fs::write(folder.path().join(MANIFEST_FILE), long).unwrap();
        let fault = Manifest::read(folder.path()).unwrap_err();
        assert!(fault.message.contains("larger than 65536 bytes"), "{fault}");
        assert_eq!(fault.kind, FaultKind::Plugin);
    }
}
