//! Libraries that pass for plugins until they are loaded: made here with the system's C compiler,
//! which is Rust's linker and therefore there.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may, and says when it skips")]

mod support;

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use support::{Place, probe_at, stress_plugin};

/// Whether there is a C compiler.
fn has_compiler() -> bool {
    let found = Command::new("cc").arg("--version").stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        println!("skipped: no C compiler `cc`");
    }
    found
}

/// The probe of the stress plugin, which says `backend/1 metric/1`, at another plugin's name.
fn probe() -> Vec<u8> {
    let bytes = fs::read(stress_plugin()).unwrap();
    let at = probe_at(&bytes);
    let size = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
    let mut probe = bytes[at..at + size].to_vec();
    probe[24..30].copy_from_slice(b"badlib");
    probe
}

/// C text of an exported symbol of plain data.
fn data(symbol: &str, bytes: &[u8]) -> String {
    let mut text = format!("const unsigned char {symbol}[] __attribute__((aligned(16))) = {{");
    for byte in bytes {
        write!(text, "{byte},").unwrap();
    }
    text + "};\n"
}

/// Compiles C text into a file of this place.
fn compiled(place: &Place, name: &str, text: &str, arguments: &[&str]) -> PathBuf {
    let source = place.write(&format!("{name}.c"), text);
    let path = place.folder.path().join(name);
    let mut command = Command::new("cc");
    command.args(["-w", "-o"]).arg(&path).arg(source).args(arguments);
    let output = command.current_dir(place.folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

/// A library with this C text.
fn library(place: &Place, text: &str) -> PathBuf {
    compiled(place, "bad.so", text, &["-shared", "-fPIC"])
}

/// The binary with this plugin and no other but the built-in ones.
fn pilotbench(place: &Place, plugin: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pilotbench"));
    command.current_dir(place.folder.path()).env_remove("PILOTBENCH_PLUGIN_PATH");
    command.env("XDG_DATA_HOME", place.folder.path().join("data"));
    command.arg("--plugin").arg(plugin).args(arguments).output().unwrap()
}

/// What the host says when it loads the plugin, in few lines.
fn refusal(place: &Place, plugin: &Path) -> String {
    let output = pilotbench(place, plugin, &["plugin", "info", "badlib"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.starts_with("error: ") && said.lines().count() <= 10, "{said}");
    said
}

/// The plugin as it is listed, without being loaded.
fn listed(place: &Place, plugin: &Path) -> serde_json::Value {
    let output = pilotbench(place, plugin, &["plugin", "list", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let plugins = listed["plugins"].as_array().unwrap();
    plugins.iter().find(|plugin| plugin["name"] == "badlib").unwrap().clone()
}

#[test]
fn a_probe_without_an_interface() {
    if !has_compiler() {
        return;
    }
    let place = Place::new();
    let plugin = library(&place, &data("pilotbench_plugin_probe", &probe()));
    assert_eq!(listed(&place, &plugin)["state"], "used");
    assert!(refusal(&place, &plugin).contains("bad.so: does not offer interface backend/1"));
}

#[test]
fn libraries_that_lack_something() {
    if !has_compiler() {
        return;
    }
    let place = Place::new();
    let probe = data("pilotbench_plugin_probe", &probe());
    let lacking =
        format!("{probe}extern int zz_missing(void); int f(void) {{ return zz_missing(); }}");
    let said = refusal(&place, &library(&place, &lacking));
    assert!(said.contains("cannot be opened") && said.contains("undefined symbol: zz_missing"));
    let gone =
        compiled(&place, "libgone.so", "int gone(void) { return 0; }", &["-shared", "-fPIC"]);
    let needing = format!("{probe}extern int gone(void); int f(void) {{ return gone(); }}");
    let linked = ["-shared", "-fPIC", "-L.", "-lgone"];
    let plugin = compiled(&place, "bad.so", &needing, &linked);
    fs::remove_file(gone).unwrap();
    let said = refusal(&place, &plugin);
    assert!(said.contains("libgone.so: cannot open shared object file"), "{said}");
}

#[test]
fn later_probes_and_unknown_flags_are_read() {
    if !has_compiler() {
        return;
    }
    let place = Place::new();
    let mut longer = probe();
    longer.extend([7; 512]);
    let size = longer.len() as u32;
    longer[8..12].copy_from_slice(&size.to_le_bytes());
    longer[12..16].copy_from_slice(&9_u32.to_le_bytes());
    let plugin = library(&place, &data("pilotbench_plugin_probe", &longer));
    assert!(listed(&place, &plugin)["provides"].to_string().contains("backend:stress"));
    let mut flags = probe();
    flags[16..20].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let plugin = library(&place, &data("pilotbench_plugin_probe", &flags));
    assert_eq!(listed(&place, &plugin)["state"], "used");
}

#[test]
fn executables_are_no_libraries() {
    if !has_compiler() {
        return;
    }
    let place = Place::new();
    let text = data("pilotbench_plugin_probe", &probe()) + "int main(void) { return 0; }\n";
    let movable = compiled(&place, "bad", &text, &["-pie", "-fPIE", "-rdynamic"]);
    let said = refusal(&place, &movable);
    assert!(said.contains("cannot be opened") || said.contains("not a shared library"), "{said}");
    let fixed = compiled(&place, "worse", &text, &["-no-pie", "-rdynamic"]);
    let said = refusal(&place, &fixed);
    assert!(said.contains("not a shared library (another kind of ELF file)"), "{said}");
}

#[test]
fn unreadable_files() {
    let place = Place::new();
    let path = place.write("shut.so", fs::read(stress_plugin()).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read(&path).is_ok() {
            println!("skipped: this user may read everything");
            return;
        }
        assert!(refusal(&place, &path).contains("Permission denied"));
    }
}

/// Where abi_stable's mark lies, of which every interface module begins with a copy.
fn mark() -> Vec<u8> {
    let bytes = fs::read(stress_plugin()).unwrap();
    let start = b"abi stable library for Rust     ";
    let at = bytes.windows(start.len()).position(|window| window == start).unwrap();
    bytes[at..at + 40].to_vec()
}

#[test]
fn interface_modules_that_are_none() {
    if !has_compiler() {
        return;
    }
    let place = Place::new();
    let with_header = |header: &[u8]| {
        let both = ["pilotbench_backend_v1", "pilotbench_metric_v1"].map(|s| data(s, header));
        let text = data("pilotbench_plugin_probe", &probe()) + &both.concat();
        refusal(&place, &library(&place, &text))
    };
    for garbage in [vec![0; 4096], vec![0xaa; 4096], b"abi stable".repeat(400)] {
        assert!(with_header(&garbage).contains("built with another abi_stable"));
    }
    // The mark of abi_stable 0.10, whose modules are made in another way.
    let mut older = mark();
    older[36..40].copy_from_slice(&10_u32.to_le_bytes());
    older.resize(4096, 0xaa);
    assert!(with_header(&older).contains("built with another abi_stable"));
}

/// 400 kB in the middle of the stress plugin, overwritten by numbers without a pattern.
fn scrambled() -> Vec<u8> {
    let mut bytes = fs::read(stress_plugin()).unwrap();
    let middle = bytes.len() / 2;
    let mut state = 1_u64;
    for byte in &mut bytes[middle - 200_000..middle + 200_000] {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    bytes
}

#[test]
fn random_bytes_in_the_middle_are_listed_without_harm() {
    let place = Place::new();
    let path = place.write("scrambled.so", scrambled());
    let output = pilotbench(&place, &path, &["plugin", "list"]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{:?}", output.status);
}
