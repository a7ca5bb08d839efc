//! The worker's own side: loads one plugin, shut in, and serves calls.

use super::{
    channel::Channel,
    message::{Described, Event, Open, Request, Start, shortened},
    shared::{Lengths, Received, Shared, Slate},
};
use crate::{
    fault::{Fault, Result},
    plugin::{
        call::{BackendSession, MetricSession, Reference, Tables, Watch},
        load::Loaded,
    },
};
use arrow_array::RecordBatch;
use rustix::{
    fs::{Mode, OFlags, open},
    io::fcntl_dupfd_cloexec,
    stdio::{dup2_stdin, dup2_stdout, stderr, stdin},
};
use std::{
    collections::VecDeque,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// What is open.
enum Opened {
    Nothing,
    Backend(Box<dyn BackendSession>),
    Metric(Box<dyn MetricSession>, References),
}

/// Is a worker, until the host is gone or wants no more.
///
/// # Errors
/// When nobody is there to work for: a worker is started by the host alone.
pub fn serve() -> Result<()> {
    let control = private_socket()?;
    let opened = match start(&control) {
        Ok(opened) => Arc::new(opened),
        Err(fault) => {
            // The host reads why; if it is gone, nobody needs to.
            let _ = control.send(&Event::Failed((&fault).into()), &[]);
            return Ok(());
        }
    };
    while let Ok((Request::Lane, with)) = control.receive() {
        let Ok([socket, call, answer]) = <[OwnedFd; 3]>::try_from(with) else { break };
        let lane = Lane { channel: Channel::from(socket), call, answer: Slate::of(answer) };
        let opened = Arc::clone(&opened);
        // A lane that cannot be served is closed, which its caller sees.
        let _ = std::thread::Builder::new().name("lane".into()).spawn(move || {
            while let Ok((request, with)) = lane.channel.receive() {
                lane.serve(&opened, request, &with);
            }
        });
    }
    // Lanes of a host that closes have ended; if not, the plugin is left as it is.
    drop(Arc::into_inner(opened));
    Ok(())
}

/// The socket that came as standard input, moved to where a plugin does not look; what the plugin
/// prints goes to standard error, which the host collects.
fn private_socket() -> Result<Channel> {
    let fault = |e: rustix::io::Errno| {
        Fault::usage("worker", format!("workers are started by other commands, not by hand ({e})"))
    };
    let socket = fcntl_dupfd_cloexec(stdin(), 3).map_err(fault)?;
    rustix::net::sockopt::socket_type(&socket).map_err(fault)?;
    // A session of its own: Ctrl-C is the host's to handle, and what a plugin starts can be found.
    rustix::process::setsid().map_err(fault)?;
    let null = open("/dev/null", OFlags::RDONLY, Mode::empty()).map_err(fault)?;
    dup2_stdin(&null).map_err(fault)?;
    dup2_stdout(stderr()).map_err(fault)?;
    Ok(Channel::from(socket))
}

/// The first call: limits, then the plugin.
fn start(control: &Channel) -> Result<Opened> {
    let garbled = || Fault::plugin("worker", "was not told what to load");
    let Ok((Request::Start { lengths }, with)) = control.receive() else { return Err(garbled()) };
    let Ok([plugin, memory]) = <[OwnedFd; 2]>::try_from(with) else { return Err(garbled()) };
    let start = Received::read(&memory, lengths)?.text()?;
    let start: Start = serde_json::from_str(&start).map_err(|e| Fault::plugin("worker", e))?;
    let isolation = start.limits.apply(Some(&plugin))?;
    let watch = Caller { lane: control, stopped: AtomicBool::new(false) };
    let origin = start.looks_beside_itself.then_some(Path::new(&start.path));
    let loaded = Loaded::load(plugin.as_fd(), origin, &start.path)?;
    let described = Described {
        backends: loaded.described_backends(&start.plugin)?,
        metrics: loaded.described_metrics(&start.plugin)?,
    };
    let opened = match &start.open {
        None => Opened::Nothing,
        Some(Open::Backend(name, settings)) => {
            Opened::Backend(Box::new(loaded.open_backend(name, settings, &watch)?))
        }
        Some(Open::Metric(name, settings)) => {
            let metric = loaded.open_metric(name, settings, &watch)?;
            Opened::Metric(Box::new(metric), References::default())
        }
    };
    let described = serde_json::to_string(&described).map_err(|e| Fault::plugin("worker", e))?;
    let shared = Shared::write(&described, &[])?;
    let ready = Event::Ready { isolation, lengths: shared.lengths().to_vec() };
    // A host that is gone is noticed with the next message.
    let _ = control.send(&ready, &[shared.memory()]);
    Ok(opened)
}

/// References that were read lately, under the host's numbers, and their bytes. The cells of an
/// experiment have the same ones, one for each seed.
#[derive(Default)]
struct References(Mutex<VecDeque<(u64, u64, Arc<Reference>)>>);

impl References {
    /// Bytes that are kept; the last reference always is.
    const KEPT: u64 = 32 << 20;

    fn get(&self, number: u64, memory: &OwnedFd, lengths: Lengths) -> Result<Arc<Reference>> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, reference)) = kept().iter().find(|(known, _, _)| *known == number) {
            return Ok(Arc::clone(reference));
        }
        let bytes = lengths.iter().sum();
        let mut received = Received::read(memory, lengths)?;
        received.text()?;
        let reference = Reference::new(received.trusted_table()?, received.trusted_table()?);
        let reference = Arc::new(reference);
        let mut kept = kept();
        kept.push_back((number, bytes, Arc::clone(&reference)));
        while kept.len() > 1 && kept.iter().map(|(_, bytes, _)| bytes).sum::<u64>() > Self::KEPT {
            kept.pop_front();
        }
        Ok(reference)
    }
}

/// A way to one caller of the host.
struct Lane {
    channel: Channel,
    call: OwnedFd,
    answer: Slate,
}

impl Lane {
    fn serve(&self, opened: &Opened, request: Request, with: &[OwnedFd]) {
        // What came too late: the call it is about has ended.
        if matches!(request, Request::Cancel) {
            return;
        }
        let watch = Caller { lane: &self.channel, stopped: AtomicBool::new(false) };
        let event = self.act(opened, request, with, &watch);
        let event = event.unwrap_or_else(|fault| Event::Failed((&fault).into()));
        // A host that is gone is noticed when listening.
        let _ = self.channel.send(&event, &[]);
    }

    fn act(
        &self,
        opened: &Opened,
        request: Request,
        with: &[OwnedFd],
        watch: &Caller,
    ) -> Result<Event> {
        let shared = |lengths| match with {
            [memory] => Received::read(memory, lengths),
            _ => Err(Fault::plugin("worker", "a call came without its tables")),
        };
        match (opened, request) {
            (Opened::Backend(backend), Request::Adapt { lengths }) => {
                let mut received = shared(lengths)?;
                let params = received.text()?;
                let handle = backend.adapt(received.trusted_table()?, &params, watch)?;
                Ok(Event::Learned { handle })
            }
            (Opened::Backend(backend), Request::Respond { handle, lengths }) => {
                let mut received = Received::read(&self.call, lengths)?;
                let params = received.text()?;
                let requests = received.trusted_table()?;
                self.reply("", &[&backend.respond(handle, requests, &params, watch)?])
            }
            (Opened::Backend(backend), Request::Release { handle }) => {
                backend.release(handle)?;
                Ok(Event::Done)
            }
            (Opened::Backend(backend), Request::Usage) => self.reply(&backend.usage()?, &[]),
            (
                Opened::Metric(metric, references),
                Request::Evaluate { reference, reference_lengths, lengths },
            ) => {
                let [memory, own] = with else {
                    return Err(Fault::plugin("worker", "a call came without its tables"));
                };
                let reference = references.get(reference, memory, reference_lengths)?;
                let mut received = Received::read(own, lengths)?;
                let context = received.text()?;
                let (simulated, pilot) = (received.trusted_table()?, received.trusted_table()?);
                let tables = Tables::new(reference, simulated, pilot, context);
                self.reply("", &[&metric.evaluate(&tables, watch)?])
            }
            _ => Err(Fault::plugin("worker", "was asked for what it did not open")),
        }
    }

    fn reply(&self, text: &str, tables: &[&RecordBatch]) -> Result<Event> {
        Ok(Event::Reply { lengths: self.answer.write(text, tables)? })
    }
}

/// The host at the other end of a lane.
struct Caller<'a> {
    lane: &'a Channel,
    stopped: AtomicBool,
}

impl Watch for Caller<'_> {
    fn is_stopped(&self) -> bool {
        if let Ok((Request::Cancel, _)) = self.lane.receive_now() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        self.stopped.load(Ordering::Relaxed)
    }

    fn progress(&self, share: f64, what: &str) {
        let _ = self.lane.send(&Event::Progress { share, what: shortened(what) }, &[]);
    }

    fn log(&self, level: u32, message: &str) {
        let _ = self.lane.send(&Event::Log { level, text: shortened(message) }, &[]);
    }
}
