//! A unix socket whose small pieces are read together once many come.
//!
//! The engine writes a log line by line. A reader who keeps up is woken for every one of them, and
//! so is the engine when the reader has made room: both then spend more time on waking each other
//! than on the log. So a busy socket is looked at a few times in a millisecond and left alone in
//! between. Left alone also means out of the runtime's poll set: in it, every line wakes a thread,
//! whether somebody reads or not.
//!
//! Owns: when to wait, and for how long. Must not: know what is read. A socket that is not busy is
//! read at once. Where there is no precise timer (all but Linux), every socket is.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as Unpolled;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::Instant;

/// How long a busy socket is left alone. Its buffer must not be full before that, or the engine
/// waits: a fifth of a megabyte, of which every line takes most of a kilobyte.
const GATHER: Duration = Duration::from_micros(300);
/// A socket that had to be waited for so often within [`SHORT`] is busy.
const WAITS: u32 = 16;
/// See [`WAITS`].
const SHORT: Duration = Duration::from_millis(2);
/// Read at once from a busy socket, bytes.
const PIECE: usize = 64 * 1024;

/// See the module.
pub(super) struct Gathered {
    state: State,
    /// How often there was nothing since then.
    waits: (u32, Instant),
}

enum State {
    /// Read as it comes.
    Prompt(UnixStream),
    /// Busy.
    Gathering(Gathering),
    /// A change between the two failed, which was told.
    Broken,
}

struct Gathering {
    socket: Unpolled,
    timer: timer::Timer,
    /// Left alone until the timer says so.
    waiting: bool,
    /// Whether something was read since the last wait.
    came: bool,
    piece: Box<[u8]>,
}

impl Gathered {
    pub(super) fn new(socket: UnixStream) -> Self {
        Self { state: State::Prompt(socket), waits: (0, Instant::now()) }
    }

    /// Notes that there was nothing to read; whether that is often.
    fn is_busy(&mut self) -> bool {
        let now = Instant::now();
        let (waits, since) = &mut self.waits;
        if now.duration_since(*since) > SHORT {
            (*waits, *since) = (0, now);
        }
        *waits += 1;
        *waits >= WAITS
    }

    /// From now on, looks only now and then. Without a timer all stays as it is.
    fn gather(&mut self) -> io::Result<()> {
        self.waits.0 = 0;
        let Ok(timer) = timer::Timer::new(GATHER) else { return Ok(()) };
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Prompt(socket) => {
                let socket = socket.into_std()?;
                let piece = vec![0; PIECE].into();
                self.state = State::Gathering(Gathering { socket, timer, waiting: true, came: false, piece });
            }
            other => self.state = other,
        }
        Ok(())
    }

    /// From now on, reads as it comes.
    fn prompt(&mut self) -> io::Result<&mut UnixStream> {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Gathering(busy) => self.state = State::Prompt(UnixStream::from_std(busy.socket)?),
            other => self.state = other,
        }
        match &mut self.state {
            State::Prompt(socket) => Ok(socket),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Gathering {
    /// What came since the last look; `None` when that was nothing.
    fn poll(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Option<()>>> {
        loop {
            if self.waiting {
                ready!(self.timer.poll(cx))?;
                (self.waiting, self.came) = (false, false);
            }
            let room = buf.remaining().min(self.piece.len());
            match self.socket.read(&mut self.piece[..room]) {
                Ok(count) => {
                    self.came = true;
                    buf.put_slice(&self.piece[..count]);
                    return Poll::Ready(Ok(Some(())));
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if !self.came {
                        return Poll::Ready(Ok(None));
                    }
                    self.timer.start(GATHER)?;
                    self.waiting = true;
                }
                Err(e) => return Poll::Ready(Err(e)),
            }
        }
    }
}

impl AsyncRead for Gathered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match &mut self.state {
                State::Prompt(socket) => {
                    let read = Pin::new(socket).poll_read(cx, buf);
                    if read.is_ready() || !self.is_busy() {
                        return read;
                    }
                    self.gather()?;
                    if matches!(self.state, State::Prompt(_)) {
                        return Poll::Pending;
                    }
                }
                State::Gathering(busy) => match ready!(busy.poll(cx, buf))? {
                    Some(()) => return Poll::Ready(Ok(())),
                    None => drop(self.prompt()?),
                },
                State::Broken => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            }
        }
    }
}

/// Little is written, and hardly ever while much is read.
impl AsyncWrite for Gathered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.prompt()?).poll_write(cx, data)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket holds nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.prompt()?).poll_shutdown(cx)
    }
}

#[cfg(target_os = "linux")]
mod timer {
    //! Fractions of a millisecond, which the runtime's own timers do not know.

    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::{AsyncRead, ReadBuf};
    use tokio::net::unix::pipe;

    /// A timer of the kernel's: read like a pipe, out of which eight bytes come when it is time.
    pub(super) struct Timer(pipe::Receiver);

    impl Timer {
        /// A timer that is started already.
        pub(super) fn new(after: Duration) -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let timer = Self(pipe::Receiver::from_owned_fd_unchecked(timer)?);
            timer.start(after)?;
            Ok(timer)
        }

        /// Starts it anew.
        pub(super) fn start(&self, after: Duration) -> io::Result<()> {
            let never = Timespec { tv_sec: 0, tv_nsec: 0 };
            let tv_nsec = after.subsec_nanos().into();
            let once = Itimerspec { it_interval: never, it_value: Timespec { tv_sec: 0, tv_nsec } };
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once)?;
            Ok(())
        }

        /// Ready once it is time.
        pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, &mut ReadBuf::new(&mut [0; 8]))
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod timer {
    //! No timer that is precise enough.

    use std::io;
    use std::task::{Context, Poll};
    use std::time::Duration;

    pub(super) enum Timer {}

    impl Timer {
        pub(super) fn new(_: Duration) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) fn start(&self, _: Duration) -> io::Result<()> {
            match *self {}
        }

        pub(super) fn poll(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            match *self {}
        }
    }
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;
