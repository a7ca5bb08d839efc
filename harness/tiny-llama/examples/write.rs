//! Writes all tiny models into a folder, for tools that make references from them.

use pilotbench_tiny_llama::{Family, write, write_gguf};
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(
        std::env::args().nth(1).ok_or_else(|| std::io::Error::other("name a folder"))?,
    );
    for family in Family::ALL {
        write(&folder.join(family.name()), family)?;
    }
    write_gguf(&folder.join("llama.gguf"))
}
