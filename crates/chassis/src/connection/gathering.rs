//! Writes of many calls' answers at once, instead of each alone.
//!
//! HTTP/2's task of a connection is woken by the first answer that is ready, and would send it alone: a TLS record, a system
//! call and a packet each. Here it waits for its next turn first, and so sends what else has become ready by then. A
//! connection with nothing else to do has its next turn at once.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose writes wait a turn each time after it was flushed.
#[derive(Debug)]
pub(super) struct Gathering<S> {
    stream: S,
    has_waited: bool,
}

impl<S> Gathering<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, has_waited: false }
    }

    fn wait_a_turn(&mut self, context: &Context<'_>) -> Poll<()> {
        if self.has_waited {
            return Poll::Ready(());
        }
        self.has_waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gathering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathering<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.wait_a_turn(context));
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.has_waited = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.wait_a_turn(context));
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn what_others_have_ready_in_the_same_turn_comes_before_the_write() {
        let (here, mut there) = tokio::io::duplex(100);
        let mut gathering = Gathering::new(here);
        let order = std::cell::RefCell::new(Vec::new());
        let write = async {
            gathering.write_all(b"answer").await.unwrap();
            order.borrow_mut().push("written");
        };
        let other = async {
            order.borrow_mut().push("another answer");
        };
        tokio::join!(write, other);
        assert_eq!(*order.borrow(), ["another answer", "written"]);
        let mut read = [0; 6];
        there.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"answer");
    }

    #[tokio::test]
    async fn it_waits_once_for_all_that_is_written_until_the_next_flush() {
        let (here, _there) = tokio::io::duplex(100);
        let mut gathering = Gathering::new(here);
        for _ in 0..2 {
            assert!(futures::poll!(Box::pin(gathering.write_all(b"a"))).is_pending());
            yield_now().await;
            for _ in 0..3 {
                assert!(futures::poll!(Box::pin(gathering.write_all(b"a"))).is_ready());
            }
            gathering.flush().await.unwrap();
        }
    }
}
