//! One thread of a backend does all its waiting; callers hand it work and watch.

use std::{future::Future, pin::Pin, sync::mpsc, thread::JoinHandle};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::{AbortHandle, LocalSet},
};

type Local = Pin<Box<dyn Future<Output = ()>>>;
type Work = (Box<dyn FnOnce() -> Local + Send>, mpsc::Sender<AbortHandle>);

/// A thread with a runtime.
pub(crate) struct Engine {
    work: Option<UnboundedSender<Work>>,
    thread: Option<JoinHandle<()>>,
}

/// Work under way; dropped, it is ended.
pub(crate) struct UnderWay(Option<AbortHandle>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.abort();
        }
    }
}

impl Engine {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub(crate) fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (work, mut incoming) = unbounded_channel::<Work>();
        let run = move || {
            let local = LocalSet::new();
            local.block_on(&runtime, async {
                while let Some((begin, reply)) = incoming.recv().await {
                    let task = tokio::task::spawn_local(begin());
                    let _ = reply.send(task.abort_handle());
                }
            });
        };
        let thread = std::thread::Builder::new().name("service".into()).spawn(run)?;
        Ok(Self { work: Some(work), thread: Some(thread) })
    }

    /// Hands over work.
    pub(crate) fn begin<F: Future<Output = ()> + 'static>(
        &self,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> UnderWay {
        let (reply, handle) = mpsc::channel();
        let begin: Box<dyn FnOnce() -> Local + Send> = Box::new(move || Box::pin(work()));
        let sent = self.work.as_ref().and_then(|queue| queue.send((begin, reply)).ok());
        UnderWay(sent.and_then(|()| handle.recv().ok()))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Without more work the thread ends.
        self.work.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
