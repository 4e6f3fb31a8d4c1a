//! Whether the time of a denial tells whether the object exists.

use std::time::{Duration, Instant};

use bench_machine::{Void, quantile};
use tonic::Code;

use crate::cluster::{HOST, Known, Own};
use crate::decisions::code;
use crate::messages::Call;

/// Asks about forbidden and unknown objects in turn, one at a time, and compares how long the answers take.
pub(crate) async fn compare(own: &Own, samples: usize) -> Result<(), Void> {
    let known = &own.known;
    let (mut forbidden, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..samples {
        let asked = &known.denied[number % known.denied.len()];
        // As long as the other, and of no document.
        let nobodys = format!("x{}", &asked.document[1..]);
        // Neither is always the first of the two.
        if number % 2 == 0 {
            forbidden.push(denied(known, asked.user, &asked.document).await?);
            unknown.push(denied(known, asked.user, &nobodys).await?);
        } else {
            unknown.push(denied(known, asked.user, &nobodys).await?);
            forbidden.push(denied(known, asked.user, &asked.document).await?);
        }
    }
    let of_one_kind = apart(forbidden.iter().step_by(2).copied(), forbidden.iter().skip(1).step_by(2).copied());
    let of_both = apart(forbidden.iter().copied(), unknown.iter().copied());
    println!("\nforbidden and unknown objects, one decision at a time, {samples} of each: µs");
    for (name, mut all) in [("forbidden", forbidden), ("unknown", unknown)] {
        all.sort_unstable();
        let at = |share| quantile(&all, share).map_or(f64::NAN, |took: Duration| took.as_secs_f64() * 1e6);
        println!("{name:<10} p10 {:>6.0} p50 {:>6.0} p90 {:>6.0} p99 {:>6.0}", at(0.1), at(0.5), at(0.9), at(0.99));
    }
    println!("farthest apart (Kolmogorov-Smirnov): {of_both:.4}; two halves of the forbidden ones: {of_one_kind:.4}");
    Ok(())
}

async fn denied(known: &Known, user: usize, document: &str) -> Result<Duration, Void> {
    let (path, key) = (format!("/v1/documents/{document}"), &known.callers[user].key);
    let began = Instant::now();
    let answered = code(known.gate[0].clone(), Call { host: HOST, path: &path, credential: Some(key) }).await?;
    let took = began.elapsed();
    if answered == Code::PermissionDenied { Ok(took) } else { Err(format!("{path}: {answered:?}")) }
}

/// How far two distributions lie apart at most, from 0 to 1.
fn apart(one: impl Iterator<Item = Duration>, other: impl Iterator<Item = Duration>) -> f64 {
    let sorted = |all: &mut dyn Iterator<Item = Duration>| {
        let mut all: Vec<Duration> = all.collect();
        all.sort_unstable();
        all
    };
    let (mut one, mut other) = (one, other);
    let (one, other) = (sorted(&mut one), sorted(&mut other));
    let below = |all: &[Duration], time: Duration| {
        bench_machine::count(all.partition_point(|took| *took <= time)) / bench_machine::count(all.len())
    };
    one.iter().chain(&other).map(|time| (below(&one, *time) - below(&other, *time)).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_apart_by_the_largest_difference_of_their_shares() {
        let times = |range: std::ops::Range<u64>| range.map(Duration::from_micros);
        assert!(apart(times(0..100), times(0..100)) < 1e-9);
        assert!((apart(times(0..100), times(200..300)) - 1.0).abs() < 1e-9);
        assert!((apart(times(0..100), times(50..150)) - 0.5).abs() < 0.02);
    }
}
