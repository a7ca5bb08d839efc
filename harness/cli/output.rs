//! What goes to the terminal. Results go to stdout, everything else to stderr.

use crate::{
    color::{self, Tone},
    exit::Exit,
};
use comfy_table::{ContentArrangement, Row, Table, presets};
use pilotbench_engine::fault::{Fault, Result};
use serde::Serialize;
use serde_json::json;
use std::io::{self, IsTerminal, Write};

/// Characters a line of a table may have where no terminal says how wide it is.
const WIDTH_WITHOUT_TERMINAL: u16 = 140;

/// Prints a result. A reader that went away (`| head`) is no fault; a full disk is, and then
/// there is nothing left to do.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if let Err(e) = written
        && e.kind() != io::ErrorKind::BrokenPipe
    {
        complain(&Fault::store("stdout", e));
        std::process::exit(Exit::Integrity as i32);
    }
}

/// Prints a result and a line end.
pub(crate) fn print_line(text: &str) {
    print(text);
    print("\n");
}

/// Prints a value as JSON.
pub(crate) fn print_json<T: Serialize>(value: &T) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Fault::usage("json", e))?;
    print_line(&text);
    Ok(())
}

/// A remark on stderr.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Text that others wrote, with its control characters shown and not sent.
pub(crate) fn inert(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(shown).collect()
}

/// A fault on stderr: one line, and the hint. Control characters are shown, not sent: a fault may
/// quote a file.
pub(crate) fn complain(fault: &Fault) {
    let line = Fault { hint: None, ..fault.clone() };
    remark(&format!("{} {}", color::of_remark(Tone::Bad, "error:"), inert(&line.to_string())));
    if let Some(hint) = &fault.hint {
        remark(&color::of_remark(Tone::Faint, &format!("hint: {}", inert(hint))));
    }
}

/// A fault as the one JSON document on stdout.
pub(crate) fn print_fault(fault: &Fault) {
    print_line(&format!("{:#}", json!({ "error": error(fault) })));
}

/// A fault in a JSON document.
pub(crate) fn error(fault: &Fault) -> serde_json::Value {
    let Fault { kind, place, message, hint, .. } = fault;
    json!({ "kind": kind.name(), "place": place, "message": message, "hint": hint })
}

/// Whether a person watches stderr.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// A table in the one style of all commands, as wide as the terminal allows.
pub(crate) fn table(header: impl Into<Row>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !table.is_tty() {
        table.set_width(WIDTH_WITHOUT_TERMINAL);
    }
    table.set_header(header);
    table
}
