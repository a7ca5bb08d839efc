use super::{export_batch, guard, import_batch};
use crate::{
    Answers, Backend, BackendInfo, Control, Error, Experiment, Pilot, Requests, Result, Usage,
    abi::{
        Batch, Control as AbiControl, Res,
        abi_stable::{
            sabi_trait::TD_Opaque,
            std_types::{RBox, RResult, RStr, RString},
        },
        backend::{BackendObject, BackendV1, BackendV1_TO},
    },
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    mem::ManuallyDrop,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// One backend of a plugin, its type erased.
pub struct BackendEntry {
    name: &'static str,
    describe: fn() -> BackendInfo,
    open: fn(&str) -> Result<BackendObject>,
}

impl BackendEntry {
    /// The entry of a type.
    pub const fn of<B: Backend>() -> Self {
        Self { name: B::NAME, describe: B::describe, open: open::<B> }
    }
}

#[derive(Serialize)]
struct Described {
    name: &'static str,
    #[serde(flatten)]
    info: BackendInfo,
}

/// What crosses of a backend's use.
#[derive(Serialize)]
struct Used {
    #[serde(flatten)]
    counters: Usage,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    provenance: BTreeMap<String, String>,
}

/// All descriptions as a JSON list.
pub fn describe_backends(entries: &[BackendEntry]) -> Res<RString> {
    guard(|| {
        let list: Vec<Described> =
            entries.iter().map(|e| Described { name: e.name, info: (e.describe)() }).collect();
        to_json(&list)
    })
}

/// Opens a backend by name.
pub fn open_backend(entries: &[BackendEntry], name: &str, config: &str) -> Res<BackendObject> {
    guard(|| match entries.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.open)(config),
        None => Err(Error::Unsupported(format!("this plugin has no backend `{name}`"))),
    })
}

fn open<B: Backend>(config: &str) -> Result<BackendObject> {
    let backend = B::open(parse_config(config)?)?;
    let shim = Shim {
        backend: ManuallyDrop::new(backend),
        adapted: Mutex::default(),
        next: AtomicU64::new(1),
    };
    Ok(BackendV1_TO::from_value(shim, TD_Opaque))
}

pub(super) fn parse_config<C: serde::de::DeserializeOwned>(config: &str) -> Result<C> {
    // serde reads a struct from a list too, whose values would then have no names.
    if !config.trim_start().starts_with('{') {
        return Err(Error::config("", "they must be a JSON object"));
    }
    serde_json::from_str(config).map_err(|e| Error::config("", e.to_string()))
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<RString> {
    let text = serde_json::to_string(value).map_err(|e| Error::Computation(e.to_string()))?;
    Ok(text.into())
}

/// An author's backend behind the frozen interface.
struct Shim<B: Backend> {
    /// Dropped by hand, inside a guard: a panic in a `Drop` that crosses ends the process.
    backend: ManuallyDrop<B>,
    adapted: Mutex<HashMap<u64, Arc<Adapted<B>>>>,
    next: AtomicU64,
}

struct Adapted<B: Backend> {
    experiment: Experiment,
    learned: B::Adapted,
}

impl<B: Backend> Shim<B> {
    /// The handles. Poisoning is ignored: the map is never left half-changed.
    fn handles(&self) -> MutexGuard<'_, HashMap<u64, Arc<Adapted<B>>>> {
        self.adapted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Backend> BackendV1 for Shim<B> {
    fn adapt(&self, pilot: Batch, params: RStr<'_>, control: AbiControl) -> Res<u64> {
        guard(|| {
            let pilot = Pilot::new(&import_batch(pilot)?, params.as_str())?;
            let learned = self.backend.adapt(&pilot, &Control::new(&control))?;
            let handle = self.next.fetch_add(1, Ordering::Relaxed);
            let adapted = Arc::new(Adapted { experiment: pilot.experiment, learned });
            self.handles().insert(handle, adapted);
            Ok(handle)
        })
    }

    fn respond(
        &self,
        handle: u64,
        requests: Batch,
        _params: RStr<'_>,
        control: AbiControl,
    ) -> Res<Batch> {
        guard(|| {
            let adapted = self.handles().get(&handle).cloned();
            let adapted = adapted.ok_or(Error::UnknownHandle(handle))?;
            let requests = Requests::new(&import_batch(requests)?, &adapted.experiment)?;
            let mut answers = Answers::with_capacity(requests.len());
            let control = Control::new(&control);
            self.backend.respond(&adapted.learned, &requests, &mut answers, &control)?;
            export_batch(answers.finish()?)
        })
    }

    fn release(&self, handle: u64) -> Res<()> {
        guard(|| {
            let adapted = self.handles().remove(&handle);
            adapted.map(drop).ok_or(Error::UnknownHandle(handle))
        })
    }

    fn usage(&self) -> Res<RString> {
        guard(|| {
            let provenance = self.backend.provenance().into_iter().collect();
            to_json(&Used { counters: self.backend.usage(), provenance })
        })
    }

    fn close(&self) -> Res<()> {
        guard(|| {
            self.handles().clear();
            Ok(())
        })
    }
}

impl<B: Backend> Drop for Shim<B> {
    fn drop(&mut self) {
        let dropped = guard(|| {
            self.handles().clear();
            // SAFETY: `backend` is not touched again; this is the drop of its owner.
            unsafe { ManuallyDrop::drop(&mut self.backend) };
            Ok(())
        });
        drop::<RResult<(), _>>(dropped);
    }
}

// The trait object needs an owned box type in its signature; named here so that a change of the
// interface's pointer type fails to compile in one place.
const _: fn(BackendObject) -> BackendV1_TO<'static, RBox<()>> = |object| object;
