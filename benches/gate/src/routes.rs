//! What ten thousand routes of a host cost a decision, over ten.

use std::time::Duration;

use bench_machine::{Measured, Spread, Void, heading, measured, row};

use crate::cluster::Own;
use crate::decisions::{Desk, Kind};
use crate::filling;
use crate::load;

/// How many routes there are in turn.
const COUNTS: [usize; 2] = [10, 10_000];

/// How long new routes may take to be in force.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(3);

/// The same questions with few routes and with many, in turn.
pub(crate) async fn many_and_few(own: &Own, in_flight: usize, rounds: usize, time: Duration) -> Result<(), Void> {
    let desk = Desk::of(own);
    let mut all: [Vec<Measured>; 2] = Default::default();
    for _ in 0..rounds {
        for (count, runs) in COUNTS.iter().zip(&mut all) {
            let mut routes = filling::routes();
            let further = count - routes.len();
            routes.extend((0..further).map(|number| {
                filling::reading(&format!("further-{number}"), &format!("/v1/further-{number}/{{document:id}}"))
            }));
            let applied = filling::apply(&own.gateway, &own.administrator, routes).await;
            applied.map_err(|error| error.with_causes())?;
            tokio::time::sleep(IN_FORCE_WITHIN).await;
            let desk = desk.clone();
            let ask = move |number| {
                let desk = desk.clone();
                async move { desk.ask(Kind::Permission, number).await }
            };
            runs.push(measured(&own.processes, load::closed(in_flight, time, ask)).await?);
        }
    }
    println!("\na permission with 10 and with 10,000 routes of the host, {rounds} rounds; CPU in µs a decision");
    heading(&own.processes, &["+ few"]);
    for (count, runs) in COUNTS.iter().zip(&all) {
        let of_gate = |run: &Measured| run.cpu_microseconds.first().copied().unwrap_or(f64::NAN);
        let more = Spread::of(runs.iter().zip(&all[0]).map(|(run, few)| of_gate(run) - of_gate(few)));
        row(&format!("{count} routes"), runs, own.processes.len(), &[more]);
    }
    Ok(())
}
