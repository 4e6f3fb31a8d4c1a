//! When lines are written, and in how many pieces.

use std::sync::mpsc::{Receiver, Sender, channel};

use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

/// Tells each piece that is written.
struct Told(Sender<String>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A test that is over hears nothing more.
        let _ = self.0.send(String::from_utf8(bytes.to_vec()).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines() -> (Lines, Receiver<String>) {
    let (sender, told) = channel();
    (Lines::begin(Told(sender)), told)
}

fn soon(told: &Receiver<String>) -> String {
    told.recv_timeout(Duration::from_secs(10)).unwrap()
}

#[test]
fn a_line_that_no_other_follows_is_written_all_the_same() {
    let (lines, told) = lines();
    lines.0.push(b"first\n", false);
    assert_eq!(soon(&told), "first\n");
    lines.0.push(b"second\n", false);
    assert_eq!(soon(&told), "second\n");
}

#[test]
fn lines_that_come_close_together_are_written_in_few_pieces_and_in_order() {
    let (lines, told) = lines();
    let all: Vec<String> = (0..1_000).map(|number| format!("{number}\n")).collect();
    all.iter().for_each(|line| lines.0.push(line.as_bytes(), false));
    lines.write_out();
    let pieces: Vec<String> = told.try_iter().collect();
    assert_eq!(pieces.concat(), all.concat());
    assert!(pieces.len() < 500, "{} pieces", pieces.len());
}

#[test]
fn a_line_that_warns_is_written_at_once_after_all_that_were_before_it() {
    let (lines, told) = lines();
    lines.0.push(b"before\n", false);
    lines.0.push(b"warning\n", true);
    assert_eq!(told.try_iter().collect::<String>(), "before\nwarning\n");
}

#[test]
fn who_finds_the_buffer_full_writes_it_out() {
    let (lines, told) = lines();
    lines.0.push(&[b'x'; WAITING_BYTES_MAX], false);
    assert_eq!(told.try_iter().map(|piece| piece.len()).sum::<usize>(), WAITING_BYTES_MAX);
}

#[test]
fn a_line_of_the_audit_trail_is_written_before_its_event_leaves_the_database() {
    let (lines, told) = lines();
    let layer = tracing_subscriber::fmt::layer().with_writer(lines).with_ansi(false);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info!(target: AUDIT, event = "{}", "audit");
        assert!(told.try_iter().collect::<String>().contains("audit"));
    });
}
