//! The main metrics over the last minutes, as the page draws them: read from what the services show (OpenMetrics 1.0).

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::Serialize;

/// How many moments are kept, a second apart.
const MOMENTS_MAX: usize = 300;

/// How many slow calls with a trace are listed.
const SLOW_MAX: usize = 8;

/// The charts: what each says, in what, and its metric.
const CHARTS: [(&str, &str); 6] = [
    ("Decisions by outcome", "a second"),
    ("Calls by service", "a second"),
    ("Failed calls by service", "a second"),
    ("99 % of calls take less than", "ms"),
    ("Database connections in use", ""),
    ("Questions and spans", "a second"),
];

/// Where the lines of a chart are, in the order of [`CHARTS`].
const DECISIONS: usize = 0;
const CALLS: usize = 1;
const FAILED: usize = 2;
const SLOWEST: usize = 3;
const CONNECTIONS: usize = 4;
const OTHERS: usize = 5;

/// The status codes that are the service's fault.
const FAULTS: [&str; 6] = ["UNKNOWN", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNIMPLEMENTED"];

/// What was read, moment by moment.
#[derive(Debug, Default)]
pub(super) struct Series {
    moments: VecDeque<Moment>,
    /// What each process had counted the last time.
    counted: HashMap<String, Vec<Sample>>,
    slow: Vec<Slow>,
}

/// The value of each line, by its chart and its name.
type Moment = BTreeMap<(usize, String), f64>;

/// One line of the format.
#[derive(Clone, Debug, PartialEq)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
    /// The trace of a call that fell here, and how long it took.
    exemplar: Option<(String, f64)>,
}

/// A call that took long, and its trace.
#[derive(Clone, Debug, Serialize)]
struct Slow {
    process: String,
    rpc: String,
    ms: f64,
    trace_id: String,
}

/// What the page draws.
#[derive(Debug, Serialize)]
pub(super) struct Charts {
    charts: Vec<Chart>,
    slow: Vec<Slow>,
}

#[derive(Debug, Serialize)]
struct Chart {
    title: &'static str,
    unit: &'static str,
    /// Of each line, a value for each second; none where its process did not answer.
    lines: BTreeMap<String, Vec<Option<f64>>>,
}

impl Series {
    /// Adds a moment: what each process shows now, a second after the last.
    pub(super) fn add(&mut self, texts: &[(String, String)]) {
        let mut moment = Moment::new();
        self.slow.clear();
        for (process, text) in texts {
            let now: Vec<Sample> = text.lines().filter_map(read).collect();
            if let Some(before) = self.counted.insert(process.clone(), now.clone()) {
                rates(process, &before, &now, &mut moment);
            }
            self.slow.extend(now.iter().filter_map(|sample| slow(process, sample)));
        }
        self.slow.sort_by(|one, other| other.ms.total_cmp(&one.ms));
        self.slow.truncate(SLOW_MAX);
        if self.moments.len() == MOMENTS_MAX {
            self.moments.pop_front();
        }
        self.moments.push_back(moment);
    }

    pub(super) fn charts(&self) -> Charts {
        let lines = |chart: usize| {
            let names = self.moments.iter().flat_map(|moment| moment.keys()).filter(|(of, _)| *of == chart);
            let names: std::collections::BTreeSet<&String> = names.map(|(_, name)| name).collect();
            let values =
                |name: &String| self.moments.iter().map(|moment| moment.get(&(chart, name.clone())).copied()).collect();
            names.into_iter().map(|name| (name.clone(), values(name))).collect()
        };
        let charts = CHARTS.iter().enumerate();
        Charts {
            charts: charts.map(|(index, (title, unit))| Chart { title, unit, lines: lines(index) }).collect(),
            slow: self.slow.clone(),
        }
    }
}

/// What a process did since the last moment.
fn rates(process: &str, before: &[Sample], now: &[Sample], moment: &mut Moment) {
    let grown = |sample: &Sample| {
        let same = |other: &&Sample| other.name == sample.name && other.labels == sample.labels;
        // A process that began anew counts from nothing.
        (sample.value - before.iter().find(same).map_or(0.0, |sample| sample.value)).max(0.0)
    };
    let label = |sample: &Sample, name: &str| sample.labels.get(name).cloned().unwrap_or_default();
    let mut add = |chart: usize, line: &str, value: f64| {
        *moment.entry((chart, line.to_owned())).or_default() += value;
    };
    let mut buckets: BTreeMap<u64, f64> = BTreeMap::new();
    for sample in now {
        match sample.name.as_str() {
            "bailiwick_gate_decisions_total" => add(DECISIONS, &label(sample, "outcome"), grown(sample)),
            "bailiwick_gate_questions_total" => {
                add(OTHERS, &format!("questions by {}", label(sample, "way")), grown(sample));
            }
            "bailiwick_rpc_calls_total" if !is_probe(sample) => {
                add(CALLS, process, grown(sample));
                let is_fault = FAULTS.contains(&label(sample, "code").as_str());
                add(FAILED, process, if is_fault { grown(sample) } else { 0.0 });
            }
            "bailiwick_rpc_duration_seconds_bucket" if !is_probe(sample) => {
                let bound = label(sample, "le").parse::<f64>().unwrap_or(f64::INFINITY);
                *buckets.entry(bound.to_bits()).or_default() += grown(sample);
            }
            "bailiwick_database_connections" => add(CONNECTIONS, process, sample.value),
            "bailiwick_database_connections_idle" => add(CONNECTIONS, process, -sample.value),
            "bailiwick_trace_spans_exported_total" => add(OTHERS, "spans sent", grown(sample)),
            "bailiwick_trace_spans_lost_total" => add(OTHERS, "spans lost", grown(sample)),
            _ => {}
        }
    }
    if let Some(seconds) = quantile(0.99, &buckets) {
        add(SLOWEST, process, seconds * 1_000.0);
    }
}

fn is_probe(sample: &Sample) -> bool {
    sample.labels.get("rpc").is_some_and(|rpc| rpc.starts_with("/grpc."))
}

/// Below which bound so many of the observations fell, as far as the buckets tell: bounds of positive numbers sort as their bits.
fn quantile(share: f64, buckets: &BTreeMap<u64, f64>) -> Option<f64> {
    let wanted = share * *buckets.values().next_back().filter(|all| **all > 0.0)?;
    let (mut bound_below, mut below) = (0.0, 0.0);
    for (bound, count) in buckets {
        let bound = f64::from_bits(*bound);
        if *count >= wanted {
            let part = (wanted - below) / (count - below);
            return Some(if bound.is_finite() { bound_below + (bound - bound_below) * part } else { bound_below });
        }
        (bound_below, below) = (bound, *count);
    }
    None
}

fn slow(process: &str, sample: &Sample) -> Option<Slow> {
    let (trace_id, seconds) = sample.exemplar.clone()?;
    let rpc = sample.labels.get("rpc")?.trim_start_matches('/').to_owned();
    Some(Slow { process: process.to_owned(), rpc, ms: seconds * 1_000.0, trace_id })
}

/// A line `name{label="value"} number # {trace_id="…"} number`. Values of ours hold no quotes.
fn read(line: &str) -> Option<Sample> {
    if line.starts_with('#') {
        return None;
    }
    let (said, exemplar) = line.split_once(" # ").map_or((line, None), |(said, exemplar)| (said, Some(exemplar)));
    let (what, value) = said.rsplit_once(' ')?;
    let (name, labels) = what.split_once('{').unwrap_or((what, ""));
    let exemplar = exemplar.and_then(|exemplar| {
        let (labels, value) = exemplar.trim_start_matches('{').split_once("} ")?;
        Some((pairs(labels).remove("trace_id")?, value.split(' ').next()?.parse().ok()?))
    });
    let labels = pairs(labels.trim_end_matches('}'));
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()?, exemplar })
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split("\",").filter_map(|pair| pair.split_once("=\""));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(calls: u32, failed: u32) -> Vec<(String, String)> {
        let text = format!(
            "# TYPE bailiwick_rpc_calls counter\n\
             bailiwick_rpc_calls_total{{rpc=\"/a.B/C\",code=\"OK\"}} {calls}\n\
             bailiwick_rpc_calls_total{{rpc=\"/a.B/C\",code=\"INTERNAL\"}} {failed}\n\
             bailiwick_rpc_calls_total{{rpc=\"/grpc.health.v1.Health/Check\",code=\"OK\"}} 99\n\
             bailiwick_rpc_duration_seconds_bucket{{le=\"0.001\",rpc=\"/a.B/C\"}} {calls}\n\
             bailiwick_rpc_duration_seconds_bucket{{le=\"0.005\",rpc=\"/a.B/C\"}} {calls} # {{trace_id=\"ab\"}} 0.004\n\
             bailiwick_rpc_duration_seconds_bucket{{le=\"+Inf\",rpc=\"/a.B/C\"}} {calls}\n# EOF\n"
        );
        vec![("gate".to_owned(), text)]
    }

    #[test]
    fn what_is_counted_becomes_what_happens_in_a_second_without_the_probes() {
        let mut series = Series::default();
        series.add(&moment(10, 1));
        series.add(&moment(30, 2));
        series.add(&[]);
        let charts = series.charts();
        let line = |chart: usize| charts.charts[chart].lines["gate"].clone();
        assert_eq!(line(CALLS), [None, Some(21.0), None]);
        assert_eq!(line(FAILED), [None, Some(1.0), None]);
        assert_eq!(line(SLOWEST), [None, Some(0.99), None]);
        series.add(&moment(30, 2));
        assert_eq!((series.slow[0].trace_id.as_str(), series.slow[0].ms), ("ab", 4.0));
    }

    #[test]
    fn no_more_than_the_last_minutes_are_kept() {
        let mut series = Series::default();
        for _ in 0..MOMENTS_MAX + 10 {
            series.add(&moment(1, 0));
        }
        assert_eq!(series.moments.len(), MOMENTS_MAX);
    }
}
