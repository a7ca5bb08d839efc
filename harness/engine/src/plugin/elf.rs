//! The ELF file around a plugin: whether the loader can map all of it, and where its probe lies.

use object::{
    Object, ObjectSection, ObjectSymbol,
    elf::FileHeader64,
    read::elf::{Dyn, ElfFile64, FileHeader, ProgramHeader},
};
use pilotbench_plugin_abi::{NEEDS_SYMBOL, PROBE_SIZE, PROBE_SYMBOL, ProbeInfo};

/// Checks that the loader can map every part of the file: `dlopen` of a truncated library does not
/// fail, it kills the process.
pub(super) fn check_elf(bytes: &[u8]) -> std::result::Result<ElfFile64<'_>, String> {
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

/// The probe, read from the file.
pub(super) fn read_probe(elf: &ElfFile64<'_>) -> std::result::Result<ProbeInfo, String> {
    let bytes = data_of(elf, PROBE_SYMBOL, PROBE_SIZE as u64)
        .ok_or("not a pilotbench plugin (no probe symbol)")?;
    let bytes = bytes.ok_or("the probe lies outside of the file")?;
    ProbeInfo::parse(bytes).map_err(|e| e.to_string())
}

/// The lines of what a plugin needs; empty when it does not say.
pub(super) fn read_needs(elf: &ElfFile64<'_>) -> std::result::Result<String, String> {
    let Some(bytes) = data_of(elf, NEEDS_SYMBOL, 0) else { return Ok(String::new()) };
    let bytes = bytes.ok_or("its needs lie outside of the file")?;
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| "its needs are not UTF-8")?;
    Ok(text.to_owned())
}

/// The bytes of a symbol, at least so many; outer `None`: there is no such symbol.
fn data_of<'a>(elf: &ElfFile64<'a>, name: &str, least: u64) -> Option<Option<&'a [u8]>> {
    let symbol = elf.dynamic_symbols().find(|symbol| symbol.name() == Ok(name))?;
    let size = symbol.size().max(least);
    Some(
        elf.sections()
            .find_map(|section| section.data_range(symbol.address(), size).ok().flatten()),
    )
}

/// Whether the library looks for others beside itself: then the loader must know where it lies.
pub(super) fn looks_beside_itself(elf: &ElfFile64<'_>, bytes: &[u8]) -> bool {
    let endian = elf.endian();
    let names = elf.elf_dynamic_symbol_table().strings();
    let entries = elf.elf_program_headers().iter().filter_map(|p| p.dynamic(endian, bytes).ok()?);
    let paths = entries.flatten().filter(|entry| {
        [object::elf::DT_RPATH, object::elf::DT_RUNPATH].contains(&entry.tag(endian))
    });
    let mut paths = paths.filter_map(|entry| names.get(entry.val(endian).try_into().ok()?).ok());
    paths.any(|path| path.windows(6).any(|word| word == b"ORIGIN"))
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
