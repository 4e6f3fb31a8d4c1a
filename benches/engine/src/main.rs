//! Measures the permission engine in process, or with `--soak N` compares N of its answers with the plain evaluator's.
//!
//! With `--file` it measures writing an engine to a file and reading it back.
//!
//! Without arguments it measures 10 thousand, 1 million and 10 million relationships; numbers as arguments are other sizes.

mod file;
mod measure;
mod soak;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &String| text.parse::<u64>().unwrap_or_else(|_| panic!("`{text}` is not a number"));
    if arguments.first().is_some_and(|first| first == "--soak") {
        soak::soak(arguments.get(1).map_or(1_000_000, number));
        return;
    }
    if arguments.first().is_some_and(|first| first == "--file-read") {
        let [_, relationships, path] = &arguments[..] else { panic!("--file-read takes a number and a path") };
        file::restart(path.as_ref(), number(relationships));
        return;
    }
    let of_file = arguments.first().is_some_and(|first| first == "--file");
    let (measured, sizes): (fn(u64), &[u64]) = match of_file {
        true => (file::measure, &[1_000_000, 10_000_000]),
        false => (measure::measure, &[10_000, 1_000_000, 10_000_000]),
    };
    let given: Vec<u64> = arguments.iter().skip(usize::from(of_file)).map(number).collect();
    let sizes = if given.is_empty() { sizes } else { &given };
    sizes.iter().copied().for_each(measured);
}
