//! Standard error of a program: passed on, and its last lines kept for messages.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Lines kept.
const LINES: usize = 5;
/// Bytes kept of a line.
const LINE_BYTES: usize = 400;
/// Bytes passed on of one program.
const PASSED_MAX: usize = 1 << 20;

/// The last lines that a program wrote.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    line: Vec<u8>,
    ended: bool,
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end_line();
            } else if self.line.len() < LINE_BYTES {
                self.line.push(*byte);
            }
        }
    }

    fn end_line(&mut self) {
        let line = crate::words::clean(&String::from_utf8_lossy(&self.line), 200);
        self.line.clear();
        if line.is_empty() {
            return;
        }
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

impl Tail {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads until the program closes its standard error, and passes it on.
    pub(crate) fn follow(&self, mut from: impl Read, mut to: impl Write) {
        let mut buffer = [0; 8192];
        let mut passed = 0;
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            self.state().take(&buffer[..count]);
            pass_on(&buffer[..count], &mut to, &mut passed);
        }
        let mut state = self.state();
        state.end_line();
        state.ended = true;
        self.ended.notify_all();
    }

    /// The last lines as an addition to a message; waits a moment for what is still on its way.
    pub(crate) fn last_words(&self) -> String {
        let patience = Duration::from_millis(200);
        let state = self.ended.wait_timeout_while(self.state(), patience, |state| !state.ended);
        let (state, _) = state.unwrap_or_else(PoisonError::into_inner);
        match state.lines.is_empty() {
            true => "; it wrote nothing to standard error".to_owned(),
            false => {
                let lines: Vec<String> = state.lines.iter().map(|l| format!("`{l}`")).collect();
                format!("; its last words: {}", lines.join(" "))
            }
        }
    }
}

/// Passes bytes on, up to a limit.
fn pass_on(bytes: &[u8], to: &mut impl Write, passed: &mut usize) {
    if *passed > PASSED_MAX {
        return;
    }
    // A closed standard error is no reason to fail.
    let _ = to.write_all(bytes);
    *passed += bytes.len();
    if *passed > PASSED_MAX {
        let _ = to.write_all(b"\n(more from this program is not shown)\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_cut_and_printable() {
        let tail = Tail::default();
        let text: String = (0..20).map(|i| format!("line {i}\n\n")).collect();
        let text = format!("{text}\x1b[31m{}", "x".repeat(3 << 20));
        let mut passed = Vec::new();
        tail.follow(text.as_bytes(), &mut passed);
        let words = tail.last_words();
        assert!(words.contains("`line 19` `\\u{1b}[31mxxx"), "{words}");
        assert!(!words.contains("line 15") && words.len() < 400, "{words}");
        assert!(passed.starts_with(b"line 0") && passed.len() < PASSED_MAX + 10_000);
        assert!(passed.ends_with(b"(more from this program is not shown)\n"));
    }
}
