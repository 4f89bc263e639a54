#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn pair() -> (Gathered, Unpolled) {
    let (ours, theirs) = Unpolled::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (Gathered::new(UnixStream::from_std(ours).unwrap()), theirs)
}

#[cfg(target_os = "linux")]
fn gathers(socket: &Gathered) -> bool {
    matches!(socket.state, State::Gathering(_))
}

/// The next piece; small, so that one write is one piece.
async fn piece(socket: &mut Gathered) -> String {
    let mut piece = [0; 64];
    let count = socket.read(&mut piece).await.unwrap();
    String::from_utf8_lossy(&piece[..count]).into_owned()
}

#[tokio::test(start_paused = true)]
async fn busy_is_many_waits_within_a_short_time() {
    let (mut socket, _theirs) = pair();
    let busy = |socket: &mut Gathered| (0..WAITS).filter(|_| socket.is_busy()).count();
    assert_eq!(busy(&mut socket), 1, "the last of them");
    tokio::time::advance(SHORT * 2).await;
    assert_eq!(busy(&mut socket), 1, "counted anew");
    tokio::time::advance(SHORT * 2).await;
    for _ in 0..WAITS * 2 {
        tokio::time::advance(SHORT / 8).await;
        assert!(!socket.is_busy(), "eight in that time are few");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_socket_that_has_gone_quiet_is_read_as_it_comes_again() {
    let (mut socket, mut theirs) = pair();
    for _ in 0..3 {
        socket.gather().unwrap();
        theirs.write_all(b"one").unwrap();
        assert_eq!(piece(&mut socket).await, "one");
        assert!(gathers(&socket));
        // It is looked at twice in vain, and then waited for.
        let late = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            theirs.write_all(b"two").unwrap();
        };
        let (two, ()) = tokio::join!(piece(&mut socket), late);
        assert_eq!(two, "two");
        assert!(!gathers(&socket));
    }
}

#[tokio::test]
async fn writing_and_hanging_up_work_while_it_gathers() {
    let (mut socket, mut theirs) = pair();
    socket.gather().unwrap();
    socket.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    std::io::Read::read_exact(&mut theirs, &mut heard).unwrap();
    assert_eq!(&heard, b"hello");
    socket.gather().unwrap();
    theirs.write_all(b"bye").unwrap();
    drop(theirs);
    assert_eq!(piece(&mut socket).await, "bye");
    assert_eq!(piece(&mut socket).await, "", "the end");
}

/// However they come, the same bytes come out: in bursts, with rests, and more than fits at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_in_order() {
    const LINES: u32 = 40_000;
    let (mut socket, mut theirs) = pair();
    let writer = std::thread::spawn(move || {
        for n in 0..LINES {
            writeln!(theirs, "{n}").unwrap();
            if n % 5000 == 0 {
                std::thread::sleep(Duration::from_millis(3));
            }
        }
    });
    let mut all = Vec::new();
    let mut piece = vec![0; 8192];
    for turn in 0_u32.. {
        if turn % 100 == 50 {
            socket.gather().unwrap();
        }
        match socket.read(&mut piece).await.unwrap() {
            0 => break,
            count => all.extend_from_slice(&piece[..count]),
        }
    }
    writer.join().unwrap();
    let mut expected = Vec::new();
    for n in 0..LINES {
        writeln!(expected, "{n}").unwrap();
    }
    assert!(all == expected, "{} bytes of {}", all.len(), expected.len());
}
