//! A server that plays a script and records what it got.

use super::connection::serve;
use super::stop::{Stop, locked};
use super::{Request, Step};
use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

type Handler = dyn Fn(&Request, usize) -> Vec<Step> + Send + Sync;

/// A server on a random port of this machine; it ends with its value.
pub struct Scripted {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What the threads of a server share.
pub(super) struct Shared {
    handler: Box<Handler>,
    record: bool,
    requests: Mutex<Vec<Request>>,
    count: AtomicUsize,
    /// Requests in the works, and the most of them so far.
    pub(super) busy: AtomicUsize,
    pub(super) most: AtomicUsize,
    pub(super) stop: Stop,
    /// Open connections, to end them with the server.
    open: Mutex<BTreeMap<usize, Arc<TcpStream>>>,
}

impl Scripted {
    /// A server that asks a function what to do with each request, numbered from 0.
    pub fn start(handler: impl Fn(&Request, usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::serving(Box::new(handler), true)
    }

    /// The same without a record of the requests, for benchmarks.
    pub fn unrecorded(
        handler: impl Fn(&Request, usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::serving(Box::new(handler), false)
    }

    /// A server that plays a list of steps per request in the order of arrival; the last one again
    /// and again.
    pub fn replies(script: Vec<Vec<Step>>) -> Self {
        Self::start(move |_, number| {
            script.get(number).or(script.last()).cloned().unwrap_or_default()
        })
    }

    fn serving(handler: Box<Handler>, record: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::new(handler, record));
        let theirs = Arc::clone(&shared);
        let accepting = Some(thread::spawn(move || accept(&listener, &theirs)));
        Self { address, shared, accepting }
    }

    /// Base URL of the service, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All requests so far in the order of arrival; none of an unrecorded server.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.shared.requests).clone()
    }

    /// How many requests came so far.
    pub fn count(&self) -> usize {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// How many requests are being handled now.
    pub fn busy(&self) -> usize {
        self.shared.busy.load(Ordering::Relaxed)
    }

    /// The most requests that were being handled at the same time.
    pub fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::Relaxed)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.shared.stop.end();
        drop(TcpStream::connect(self.address)); // wakes the thread that accepts
        for stream in locked(&self.shared.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Shared {
    fn new(handler: Box<Handler>, record: bool) -> Self {
        Self {
            handler,
            record,
            requests: Mutex::default(),
            count: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            stop: Stop::default(),
            open: Mutex::default(),
        }
    }

    /// What to do with a request.
    pub(super) fn handle(&self, request: Request) -> Vec<Step> {
        let number = self.number(&request);
        (self.handler)(&request, number)
    }

    /// Counts and records a request; its number is its place in the record.
    fn number(&self, request: &Request) -> usize {
        let mut record = self.record.then(|| locked(&self.requests));
        if let Some(record) = &mut record {
            record.push(request.clone());
        }
        self.count.fetch_add(1, Ordering::SeqCst)
    }
}

/// Gives each connection a thread; ends when all of them have.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for number in 0.. {
        let Ok((stream, _)) = listener.accept() else {
            shared.stop.pause(Duration::from_millis(1)); // too many descriptors, perhaps
            continue;
        };
        let Some(open) = Open::new(stream, number, shared) else { break };
        threads.retain(|thread| !thread.is_finished());
        threads.extend(thread::Builder::new().spawn(move || open.serve()));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// An open connection; dropping it closes it.
struct Open {
    number: usize,
    stream: Arc<TcpStream>,
    shared: Arc<Shared>,
}

impl Open {
    /// Nothing once the server has ended.
    fn new(stream: TcpStream, number: usize, shared: &Arc<Shared>) -> Option<Self> {
        let stream = Arc::new(stream);
        let mut open = locked(&shared.open);
        if shared.stop.has_ended() {
            return None;
        }
        open.insert(number, Arc::clone(&stream));
        Some(Self { number, stream, shared: Arc::clone(shared) })
    }

    fn serve(self) {
        serve(&self.stream, self.number, &self.shared);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        locked(&self.shared.open).remove(&self.number);
    }
}
