use super::{
    backend::{parse_config, to_json},
    export_batch, guard, import_batch,
};
use crate::{
    Control, Error, Evaluation, Metric, MetricInfo, MetricTable, Result,
    abi::{
        Batch, Control as AbiControl, Res,
        abi_stable::{
            sabi_trait::TD_Opaque,
            std_types::{RResult, RStr, RString},
        },
        metric::{MetricObject, MetricV1, MetricV1_TO},
    },
};
use serde::Serialize;
use std::mem::ManuallyDrop;

/// One metric of a plugin, its type erased.
pub struct MetricEntry {
    name: &'static str,
    describe: fn() -> MetricInfo,
    open: fn(&str) -> Result<MetricObject>,
}

impl MetricEntry {
    /// The entry of a type.
    pub const fn of<M: Metric>() -> Self {
        Self { name: M::NAME, describe: M::describe, open: open::<M> }
    }
}

#[derive(Serialize)]
struct Described {
    name: &'static str,
    #[serde(flatten)]
    info: MetricInfo,
}

/// All descriptions as a JSON list.
pub fn describe_metrics(entries: &[MetricEntry]) -> Res<RString> {
    guard(|| {
        let list: Vec<Described> =
            entries.iter().map(|e| Described { name: e.name, info: (e.describe)() }).collect();
        to_json(&list)
    })
}

/// Opens a metric by name.
pub fn open_metric(entries: &[MetricEntry], name: &str, config: &str) -> Res<MetricObject> {
    guard(|| match entries.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.open)(config),
        None => Err(Error::Unsupported(format!("this plugin has no metric `{name}`"))),
    })
}

fn open<M: Metric>(config: &str) -> Result<MetricObject> {
    let metric = ManuallyDrop::new(M::open(parse_config(config)?)?);
    Ok(MetricV1_TO::from_value(Shim { metric }, TD_Opaque))
}

/// An author's metric behind the frozen interface.
struct Shim<M: Metric> {
    /// Dropped by hand, inside a guard.
    metric: ManuallyDrop<M>,
}

impl<M: Metric> MetricV1 for Shim<M> {
    fn evaluate(
        &self,
        human: Batch,
        simulated: Batch,
        pilot: Batch,
        weights: Batch,
        context: RStr<'_>,
        control: AbiControl,
    ) -> Res<Batch> {
        guard(|| {
            let input = Evaluation::new(
                &import_batch(human)?,
                &import_batch(simulated)?,
                &import_batch(pilot)?,
                &import_batch(weights)?,
                context.as_str(),
            )?;
            let mut table = MetricTable::default();
            self.metric.evaluate(&input, &mut table, &Control::new(&control))?;
            export_batch(table.finish()?)
        })
    }

    fn close(&self) -> Res<()> {
        guard(|| Ok(()))
    }
}

impl<M: Metric> Drop for Shim<M> {
    fn drop(&mut self) {
        let dropped = guard(|| {
            // SAFETY: `metric` is not touched again; this is the drop of its owner.
            unsafe { ManuallyDrop::drop(&mut self.metric) };
            Ok(())
        });
        drop::<RResult<(), _>>(dropped);
    }
}
