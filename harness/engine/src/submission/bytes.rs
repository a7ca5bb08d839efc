//! What bytes are, by how they begin.

/// A kind of file that is known by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Parquet,
    Elf,
    MachO,
    Windows,
    Script,
    Wasm,
    Pickle,
    Numpy,
    Zip,
    Gzip,
    Hdf5,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::Elf => "a program (ELF)",
            Self::MachO => "a program (Mach-O)",
            Self::Windows => "a program (PE)",
            Self::Script => "a program (#!)",
            Self::Wasm => "a program (WebAssembly)",
            Self::Pickle => "a pickle, which is code",
            Self::Numpy => "a NumPy file, which may be a pickle",
            Self::Zip => "an archive (zip), which may hold a pickle",
            Self::Gzip => "an archive (gzip)",
            Self::Hdf5 => "an HDF5 file",
        }
    }
}

/// Beginnings and what they mean; a pickle of protocol 2 or later says its protocol.
const BEGINNINGS: &[(&[u8], Kind)] = &[
    (b"PAR1", Kind::Parquet),
    (b"\x7fELF", Kind::Elf),
    (b"\xfe\xed\xfa\xce", Kind::MachO),
    (b"\xfe\xed\xfa\xcf", Kind::MachO),
    (b"\xce\xfa\xed\xfe", Kind::MachO),
    (b"\xcf\xfa\xed\xfe", Kind::MachO),
    (b"\xca\xfe\xba\xbe", Kind::MachO),
    (b"MZ", Kind::Windows),
    (b"#!", Kind::Script),
    (b"\0asm", Kind::Wasm),
    (b"\x80\x02", Kind::Pickle),
    (b"\x80\x03", Kind::Pickle),
    (b"\x80\x04", Kind::Pickle),
    (b"\x80\x05", Kind::Pickle),
    (b"\x93NUMPY", Kind::Numpy),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"\x1f\x8b", Kind::Gzip),
    (b"\x89HDF", Kind::Hdf5),
];

/// What these bytes are, where they are of a known kind.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    let found = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning));
    found.map(|(_, kind)| *kind)
}
