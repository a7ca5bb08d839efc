//! Progress of long work: a bar for people, plain lines for logs.

use crate::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pilotbench_engine::{fault::Fault, plan::Replicate, run::Progress};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Failures shown one by one; more are only counted.
const FAILURES_SHOWN: usize = 5;
/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress on stderr.
pub(crate) struct Shown {
    what: &'static str,
    quiet: bool,
    bar: ProgressBar,
    started: Instant,
    answers: AtomicUsize,
    failures: AtomicUsize,
    last_line: Mutex<Instant>,
}

impl Shown {
    pub(crate) fn new(what: &'static str, quiet: bool) -> Self {
        let bar = ProgressBar::new(0);
        let watched = output::is_watched() && !quiet;
        bar.set_draw_target(match watched {
            true => ProgressDrawTarget::stderr_with_hz(5),
            false => ProgressDrawTarget::hidden(),
        });
        let template = "{prefix:>10} [{bar:30}] {pos}/{len} {msg} {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        let now = Instant::now();
        Self {
            what,
            quiet,
            bar,
            started: now,
            answers: AtomicUsize::new(0),
            failures: AtomicUsize::new(0),
            last_line: Mutex::new(now),
        }
    }

    /// Sets the number of steps.
    pub(crate) fn of(&self, steps: usize) {
        self.bar.set_length(steps as u64);
    }

    /// One more step is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
        if self.quiet || output::is_watched() {
            return;
        }
        let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
            output::remark(&format!("{} {done}/{all} {}", self.what, self.rate()));
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn rate(&self) -> String {
        match self.answers.load(Ordering::Relaxed) {
            0 => String::new(),
            answers => {
                let seconds = self.started.elapsed().as_secs_f64().max(1e-3);
                format!("{:.0} answers/s", answers as f64 / seconds)
            }
        }
    }
}

impl Progress for Shown {
    fn begin(&self, to_do: usize, done: usize) {
        self.of(to_do);
        if !self.quiet {
            let earlier = if done > 0 { format!(", {done} are done") } else { String::new() };
            output::remark(&format!("{to_do} replicates to run{earlier}"));
        }
    }

    fn committed(&self, answers: usize) {
        self.answers.fetch_add(answers, Ordering::Relaxed);
        if output::is_watched() {
            self.bar.set_message(self.rate());
        }
        self.step();
    }

    fn failed(&self, replicate: &Replicate, fault: &Fault) {
        let earlier = self.failures.fetch_add(1, Ordering::Relaxed);
        self.step();
        if earlier < FAILURES_SHOWN {
            let Replicate { experiment, method, size, seed, .. } = replicate;
            let place = format!("{experiment}, {method}, size {size}, seed {seed}");
            self.bar.suspend(|| output::remark(&format!("failed: {place}: {fault}")));
        } else if earlier == FAILURES_SHOWN {
            self.bar.suspend(|| output::remark("failed: more; see `pilotbench status`"));
        }
    }
}
