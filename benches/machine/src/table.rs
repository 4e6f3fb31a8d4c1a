//! The tables that the benchmarks print.

use crate::{Measured, Process, Spread, Void, resident_kib};

/// What the rows of [`row`] stand under.
pub fn heading(processes: &[Process], further: &[&str]) {
    print!("{:<24} {:>24} {:>20} {:>20}", "run", "calls/s", "p50 ms", "p99 ms");
    for name in
        processes.iter().map(|process| process.name.as_str()).chain(["generator"]).chain(further.iter().copied())
    {
        print!(" {name:>22}");
    }
    println!(" {:>18} {:>18}", "stolen %", "worked %");
}

/// One line for all runs of a kind.
pub fn row(name: &str, runs: &[Measured], processes: usize, further: &[Spread]) {
    let of = |number: &dyn Fn(&Measured) -> f64| Spread::of(runs.iter().map(number));
    print!("{name:<24} {:>24}", of(&Measured::calls_per_second));
    print!(" {:>20} {:>20}", of(&|run| run.milliseconds(0.5)), of(&|run| run.milliseconds(0.99)));
    for process in 0..=processes {
        print!(" {:>22}", of(&|run| run.cpu_microseconds.get(process).copied().unwrap_or(f64::NAN)));
    }
    further.iter().for_each(|spread| print!(" {spread:>22}"));
    println!(" {:>18} {:>18}", of(&|run| run.stolen_percent), of(&|run| run.worked_percent));
}

/// Says what each process takes now.
///
/// # Errors
/// If one of them does not run.
pub fn memory(processes: &[Process]) -> Result<(), Void> {
    for process in processes {
        println!("{} has {} MiB resident", process.name, resident_kib(process)? / 1_024);
    }
    Ok(())
}
