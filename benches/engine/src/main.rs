//! Measures the permission engine in process, or with `--soak N` compares N of its answers with the plain evaluator's.
//!
//! Without arguments it measures 10 thousand, 1 million and 10 million relationships; numbers as arguments are other sizes.

mod drive;
mod measure;
mod questions;
mod random;
mod soak;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &String| text.parse::<u64>().unwrap_or_else(|_| panic!("`{text}` is not a number"));
    if arguments.first().is_some_and(|first| first == "--soak") {
        soak::soak(arguments.get(1).map_or(1_000_000, number));
        return;
    }
    let sizes: Vec<u64> = arguments.iter().map(number).collect();
    let sizes = if sizes.is_empty() { vec![10_000, 1_000_000, 10_000_000] } else { sizes };
    sizes.into_iter().for_each(measure::measure);
}
