//! The stream under a session, which makes up for what rusmppc 0.4.0 lacks. Its loop takes in five commands and writes two or three
//! of them, then waits for the socket alone: what else was asked for at once would wait until something comes in. And closing
//! it spins while the socket takes nothing. So it is woken after each write, and once a second; and it is ended as a peer
//! ends it, by the end of what there is to read.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Whatever is left after all is written as often as this.
const TICK: Duration = Duration::from_secs(1);

/// A stream that wakes its reader, and ends when it is told to.
pub(super) struct Lively<S> {
    stream: S,
    has_written: bool,
    tick: Interval,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<S> Lively<S> {
    pub fn new(stream: S, end: CancellationToken) -> Self {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            stream,
            has_written: false,
            tick,
            end: Box::pin(end.cancelled_owned()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lively<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_pending() {
            let ticks = self.tick.poll_tick(context).is_ready();
            if std::mem::take(&mut self.has_written) || ticks {
                context.waker().wake_by_ref();
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lively<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, octets);
        self.has_written |= written.is_ready();
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
