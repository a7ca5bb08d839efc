use abi_stable::{sabi_types::VersionStrings, std_types::RStr};

/// Symbol of the [`Probe`].
pub const PROBE_SYMBOL: &str = "pilotbench_plugin_probe";
/// Symbol of a zero-padded text with what the plugin needs from the world outside, a line each:
/// `network`, `programs`, `env:NAME`, `read:PATH`, `write:PATH`. May be absent: nothing. Read from
/// the file, as the probe is.
pub const NEEDS_SYMBOL: &str = "pilotbench_plugin_needs";
/// Bytes of that text.
pub const NEEDS_SIZE: usize = 2048;
/// First bytes of every probe.
pub const PROBE_MAGIC: [u8; 8] = *b"PILOTBEN";
/// Bytes of a version-1 probe.
pub const PROBE_SIZE: usize = size_of::<Probe>();
/// The plugin was built with `panic = "abort"`: a panic in it cannot be caught.
pub const FLAG_PANIC_ABORT: u32 = 1;
/// The plugin was built with debug assertions.
pub const FLAG_DEBUG_ASSERTIONS: u32 = 2;

/// What a plugin says of itself in plain data, without pointers, so that it is read from the file
/// before any of the plugin's code runs. Texts are UTF-8 padded with zero bytes. Never changes.
#[repr(C)]
pub struct Probe {
    /// [`PROBE_MAGIC`].
    pub magic: [u8; 8],
    /// Bytes of this struct; a later probe may be longer.
    pub size: u32,
    /// 1.
    pub probe_version: u32,
    /// Bit set of the `FLAG_*` constants.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// Name of the plugin.
    pub name: [u8; 64],
    /// Version of the plugin.
    pub version: [u8; 32],
    /// Target architecture, for example `x86_64`.
    pub arch: [u8; 32],
    /// Compiler version.
    pub rustc: [u8; 64],
    /// SDK version.
    pub sdk: [u8; 32],
    /// abi_stable version.
    pub abi_stable: [u8; 16],
    /// Interfaces, separated by spaces: `backend/1 metric/1`.
    pub interfaces: [u8; 256],
    /// What is inside, separated by spaces: `backend:marginal metric:distribution`.
    pub provides: [u8; 1024],
}

/// A zero-padded text field. Evaluated at compile time by the SDK's macro, so that a text that is
/// too long is a compile error of the plugin.
pub const fn text<const N: usize>(source: &str) -> [u8; N] {
    texts(&[source])
}

/// [`text`] of several pieces in a row.
pub const fn texts<const N: usize>(pieces: &[&str]) -> [u8; N] {
    let mut field = [0; N];
    let (mut piece, mut end) = (0, 0);
    while piece < pieces.len() {
        let bytes = pieces[piece].as_bytes();
        assert!(end + bytes.len() <= N, "text too long for its probe field");
        let mut i = 0;
        while i < bytes.len() {
            field[end] = bytes[i];
            end += 1;
            i += 1;
        }
        piece += 1;
    }
    field
}

/// The version abi_stable compares between host and plugin. The interface number is in the symbol,
/// so this one never moves, whatever this crate's own version is.
pub(crate) const fn frozen_version() -> VersionStrings {
    VersionStrings { version: RStr::from_str("1.0.0") }
}

/// A probe as read by the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeInfo {
    /// Name of the plugin.
    pub name: String,
    /// Version of the plugin.
    pub version: String,
    /// Target architecture.
    pub arch: String,
    /// Compiler version.
    pub rustc: String,
    /// SDK version.
    pub sdk: String,
    /// abi_stable version.
    pub abi_stable: String,
    /// Interfaces offered.
    pub interfaces: Vec<String>,
    /// `backend:NAME` and `metric:NAME` entries.
    pub provides: Vec<String>,
    /// Bit set of the `FLAG_*` constants.
    pub flags: u32,
}

/// Why bytes are not a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeError {
    /// Fewer bytes than a version-1 probe.
    Short,
    /// The magic differs.
    Magic,
    /// The stated size is smaller than a version-1 probe.
    Size(u32),
    /// A text field is not UTF-8.
    Text(&'static str),
}

impl std::fmt::Display for ProbeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short => f.write_str("the probe is cut short"),
            Self::Magic => f.write_str("the probe has a wrong magic"),
            Self::Size(size) => write!(f, "the probe says {size} bytes, at least {PROBE_SIZE}"),
            Self::Text(field) => write!(f, "field `{field}` of the probe is not UTF-8"),
        }
    }
}

impl ProbeInfo {
    /// Reads a probe from the bytes at its symbol. A longer, later probe is accepted: its first
    /// fields are these.
    ///
    /// # Errors
    /// When the bytes are too few, the magic or size is wrong, or a text is not UTF-8.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProbeError> {
        if bytes.len() < PROBE_SIZE {
            return Err(ProbeError::Short);
        }
        let mut at = Fields { bytes, position: 0 };
        if at.take(8) != PROBE_MAGIC {
            return Err(ProbeError::Magic);
        }
        let size = at.number();
        if (size as usize) < PROBE_SIZE {
            return Err(ProbeError::Size(size));
        }
        let _probe_version = at.number();
        let flags = at.number();
        let _reserved = at.number();
        let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
        Ok(Self {
            name: at.text(64, "name")?,
            version: at.text(32, "version")?,
            arch: at.text(32, "arch")?,
            rustc: at.text(64, "rustc")?,
            sdk: at.text(32, "sdk")?,
            abi_stable: at.text(16, "abi_stable")?,
            interfaces: words(at.text(256, "interfaces")?),
            provides: words(at.text(1024, "provides")?),
            flags,
        })
    }
}

/// Reads the fields of a probe in their order.
struct Fields<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Fields<'_> {
    fn take(&mut self, count: usize) -> &[u8] {
        let start = self.position;
        self.position += count;
        &self.bytes[start..self.position]
    }

    fn number(&mut self) -> u32 {
        let mut word = [0; 4];
        word.copy_from_slice(self.take(4));
        u32::from_ne_bytes(word)
    }

    fn text(&mut self, count: usize, field: &'static str) -> Result<String, ProbeError> {
        let bytes = self.take(count);
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(count);
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| ProbeError::Text(field))?;
        Ok(text.to_owned())
    }
}
