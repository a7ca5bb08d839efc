//! A plugin file before any of its code runs: is it a library of this machine, whole, with a probe?

use crate::fault::{Fault, Result};
use object::{
    Object, ObjectSection, ObjectSymbol,
    elf::FileHeader64,
    read::elf::{ElfFile64, FileHeader, ProgramHeader},
};
use pilotbench_plugin_abi::{FLAG_PANIC_ABORT, PROBE_SIZE, PROBE_SYMBOL, ProbeInfo};
use std::path::{Path, PathBuf};

/// A library that carries a probe.
#[derive(Debug, Clone)]
pub struct PluginFile {
    /// Canonical path.
    pub path: PathBuf,
    /// What the plugin says of itself.
    pub probe: ProbeInfo,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// Reads a file and its probe without running anything.
///
/// # Errors
/// When the file is missing, not a whole shared library of this machine, or not a plugin.
pub fn inspect(path: &Path) -> Result<PluginFile> {
    let fault = |message: String| Fault::plugin(path.display(), message);
    let found = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => fault("plugin file not found".into()),
        _ => fault(e.to_string()),
    })?;
    if !found.is_file() {
        return Err(fault("not a regular file".into()).hint("give the path of the library itself"));
    }
    // A relative name without a slash would make the loader search the system's libraries.
    let path = path.canonicalize().map_err(|e| fault(e.to_string()))?;
    let bytes = std::fs::read(&path).map_err(|e| fault(e.to_string()))?;
    let elf = check_elf(&bytes).map_err(&fault)?;
    let probe = read_probe(&elf).map_err(fault)?;
    if probe.flags & FLAG_PANIC_ABORT != 0 {
        let fault =
            Fault::plugin(path.display(), "built with panic=abort: a panic cannot be caught");
        return Err(fault.hint("build it with panic = \"unwind\", the default"));
    }
    let known = ["backend/1", "metric/1"];
    if !probe.interfaces.iter().any(|interface| known.contains(&interface.as_str())) {
        let spoken = probe.interfaces.join(", ");
        let message = format!("speaks {spoken}; this host speaks {}", known.join(", "));
        let hint = "rebuild the plugin with the SDK of this version, or use a matching host";
        return Err(Fault::plugin(path.display(), message).hint(hint));
    }
    let sha256 = crate::identity::sha256(&bytes);
    Ok(PluginFile { path, probe, sha256 })
}

/// Checks that the loader can map every part of the file: `dlopen` of a truncated library does not
/// fail, it kills the process.
fn check_elf(bytes: &[u8]) -> std::result::Result<ElfFile64<'_>, String> {
    if !bytes.starts_with(b"\x7fELF") {
        return Err("not a shared library (no ELF header)".into());
    }
    if bytes.get(4) != Some(&2) {
        return Err("not a 64-bit library".into());
    }
    let header = FileHeader64::<object::Endianness>::parse(bytes)
        .map_err(|_| "the ELF header is damaged".to_owned())?;
    let endian = header.endian().map_err(|_| "built for another byte order".to_owned())?;
    let (machine, host) = (header.e_machine(endian), host_machine());
    if machine != host {
        let (machine, host) = (machine_name(machine.0), machine_name(host.0));
        return Err(format!("built for {machine}, this host is {host}"));
    }
    if header.e_type(endian) != object::elf::ET_DYN {
        return Err("not a shared library (another kind of ELF file)".into());
    }
    let size = bytes.len() as u64;
    let cut = || "the file is cut short".to_owned();
    let programs = header.program_headers(endian, bytes).map_err(|_| cut())?;
    for program in programs {
        let end = program.p_offset(endian).checked_add(program.p_filesz(endian));
        if end.is_none_or(|end| end > size) {
            return Err(cut());
        }
    }
    let tables = header
        .e_shoff(endian)
        .checked_add(u64::from(header.e_shentsize(endian)) * u64::from(header.e_shnum(endian)));
    if tables.is_none_or(|end| end > size) {
        return Err(cut());
    }
    ElfFile64::parse(bytes).map_err(|e| format!("damaged: {e}"))
}

fn read_probe(elf: &ElfFile64<'_>) -> std::result::Result<ProbeInfo, String> {
    let symbol = elf.dynamic_symbols().find(|symbol| symbol.name() == Ok(PROBE_SYMBOL));
    let symbol = symbol.ok_or("not a pilotbench plugin (no probe symbol)")?;
    let size = symbol.size().max(PROBE_SIZE as u64);
    let bytes = elf
        .sections()
        .find_map(|section| section.data_range(symbol.address(), size).ok().flatten())
        .ok_or("the probe lies outside of the file")?;
    ProbeInfo::parse(bytes).map_err(|e| e.to_string())
}

fn host_machine() -> object::elf::Machine {
    match std::env::consts::ARCH {
        "aarch64" => object::elf::EM_AARCH64,
        "riscv64" => object::elf::EM_RISCV,
        _ => object::elf::EM_X86_64,
    }
}

fn machine_name(machine: u16) -> String {
    let known = [
        (object::elf::EM_X86_64, "x86_64"),
        (object::elf::EM_AARCH64, "aarch64"),
        (object::elf::EM_RISCV, "riscv64"),
        (object::elf::EM_386, "x86"),
        (object::elf::EM_ARM, "arm"),
    ];
    let name = known.iter().find(|(number, _)| number.0 == machine);
    name.map_or_else(|| format!("machine {machine}"), |(_, name)| (*name).to_owned())
}
