//! Prints `docs/reference/cli.md`: `cargo run -p cli --example reference > docs/reference/cli.md`.

fn main() {
    print!("{}", cli::reference());
}
