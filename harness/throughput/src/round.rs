//! One run of one method: a backend that was just opened is taught, looked at, and asked in every way.

use crate::{
    answers::Compared,
    arrivals::arrivals,
    asking::Asking,
    counters::{Counted, Counters},
    energy::Meter,
    latency::quantiles_ms,
    processes,
    repeats::{self, Found},
    requests::{Asked, Part, Requests},
    scenario::{Arriving, Limits, Served, Timed, offline, server, single},
    settings::Settings,
};
use pilotbench_engine::{fault::Result, plugin::BackendSession, run::Taught};
use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

/// A number of one run, or why there is none.
pub(crate) type Once = std::result::Result<f64, String>;

/// What a method's runs have in common.
pub(crate) struct Course<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) requests: &'a Requests,
    /// Requests per second that come in at random; found in the first run unless given.
    pub(crate) rate: Option<f64>,
    /// Every request is made once at most.
    pub(crate) once: bool,
}

/// What a run found.
pub(crate) struct Round {
    pub(crate) load_s: f64,
    pub(crate) repeats: Found,
    pub(crate) single: Timed,
    pub(crate) offline: Timed,
    pub(crate) counted: Counted,
    pub(crate) cpu_s: Once,
    pub(crate) joules: Once,
    pub(crate) served: Served,
    pub(crate) workers_bytes: Once,
    pub(crate) host_bytes: Once,
    pub(crate) compared: Compared,
    /// Rules that were broken.
    pub(crate) shortcomings: Vec<String>,
}

impl Course<'_> {
    /// Makes a run.
    ///
    /// # Errors
    /// What the backend reports, or that the work was stopped.
    pub(crate) fn run(
        &mut self,
        number: usize,
        backend: &dyn BackendSession,
        taught: &Taught,
        opened: Duration,
        stop: &AtomicBool,
    ) -> Result<Round> {
        let asking = Asking::new(backend, taught.handle, stop);
        let warm_up = self.requests.warm_up.one_by_one();
        let began = Instant::now();
        if let Some(first) = warm_up.first() {
            asking.ask(first)?;
        }
        let load_s = (opened + began.elapsed()).as_secs_f64();
        let repeats = repeats::probe(&asking, &self.requests.warm_up)?;
        let limits = self.limits();
        single(&asking, &warm_up, &self.warm_up())?;
        let single = single(&asking, &self.requests.single.one_by_one(), &limits)?;
        let (offline, counted, cpu_s, joules) = self.offline(&asking)?;
        let served = self.server(number, &asking, &warm_up, single.rate())?;
        let mut shortcomings = Vec::new();
        for (scenario, timed) in
            [("single-stream", &single), ("offline", &offline), ("server", &served.timed)]
        {
            let found = timed.shortcomings(&limits);
            shortcomings.extend(found.into_iter().map(|what| format!("{scenario}: {what}")));
        }
        Ok(Round {
            load_s,
            repeats,
            single,
            offline,
            counted,
            cpu_s,
            joules,
            served,
            workers_bytes: processes::workers_peak_bytes(),
            host_bytes: processes::own_peak_bytes(),
            compared: asking.compared(),
            shortcomings,
        })
    }

    fn limits(&self) -> Limits {
        let Settings { min_duration_s: seconds, min_count: count, .. } = *self.settings;
        Limits { seconds, count, once: self.once }
    }

    /// Warm-up asks its own people again and again.
    fn warm_up(&self) -> Limits {
        Limits { seconds: self.settings.warm_up_s, count: 0, once: false }
    }

    fn offline(&self, asking: &Asking) -> Result<(Timed, Counted, Once, Once)> {
        let callers = self.settings.callers;
        offline(asking, &self.requests.warm_up.batches(), &self.warm_up(), callers)?;
        let meter = Meter::of_machine();
        let energy = || meter.as_ref().map_err(Clone::clone).and_then(Meter::read);
        let (counters, cpu, joules) =
            (Counters::of(asking.backend)?, processes::cpu_seconds(), energy());
        let batches = self.requests.offline.batches();
        let timed = offline(asking, &batches, &self.limits(), callers)?;
        let cpu_s = processes::cpu_seconds().and_then(|now| Ok(now - cpu?));
        let joules = meter
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|meter| Ok(meter.joules(&joules?, &meter.read()?)));
        let counted = Counters::of(asking.backend)?.since(&counters);
        Ok((timed, counted, cpu_s, joules))
    }

    /// Half of what comes one at a time is less than what can be answered, in whatever company.
    fn server(
        &mut self,
        number: usize,
        asking: &Asking,
        warm_up: &[Asked],
        single_rate: f64,
    ) -> Result<Served> {
        let rate = *self.rate.get_or_insert(rounded(single_rate / 2.0));
        let Settings { warm_up_s, min_duration_s, min_count, callers, .. } = *self.settings;
        let served = |requests: &[Asked], times: &[f64], once: bool| {
            server(asking, requests, &Arriving { times, callers, once })
        };
        served(warm_up, &arrivals(0, rate, warm_up_s, 0), false)?;
        let times = arrivals(number, rate, min_duration_s, min_count);
        served(&self.requests.server.one_by_one(), &times, self.once)
    }
}

/// Three digits: a rate that was found is no more exact.
fn rounded(rate: f64) -> f64 {
    let unit = 10_f64.powf(rate.max(1e-6).log10().floor() - 2.0);
    (rate / unit).round() * unit
}

impl Round {
    /// Multiply-adds per second of the offline scenario.
    pub(crate) fn multiply_adds_per_s(&self) -> Once {
        self.counted.multiply_adds.clone().map(|work| work / self.offline.seconds.max(1e-9))
    }

    /// A count of the offline scenario, per second.
    pub(crate) fn per_second(&self, count: &Once) -> Once {
        count.clone().map(|count| count / self.offline.seconds.max(1e-9))
    }

    /// The same for 1,000 answers.
    pub(crate) fn per_thousand(&self, count: &Once) -> Once {
        count.clone().map(|count| count * 1000.0 / self.offline.answers.max(1) as f64)
    }
}

/// Latencies of runs, each number by itself.
pub(crate) fn latencies<'a>(runs: impl Iterator<Item = &'a Timed>) -> [Vec<Once>; 3] {
    let mut each = [const { Vec::new() }; 3];
    for timed in runs {
        let found = quantiles_ms(&timed.latencies);
        for (at, all) in each.iter_mut().enumerate() {
            let none = || "nothing was answered".to_owned();
            all.push(found.map(|found| found[at]).ok_or_else(none));
        }
    }
    each
}

/// How often each request of a part was made.
pub(crate) fn passes(timed: &Timed, part: &Part) -> f64 {
    timed.answers as f64 / part.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_three_digits() {
        for (rate, expected) in [(12_345.6, 12_300.0), (0.012_345, 0.0123), (99.96, 100.0)] {
            assert!((rounded(rate) / expected - 1.0).abs() < 1e-9, "{}", rounded(rate));
        }
    }
}
