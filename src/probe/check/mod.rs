//! The checks, one file each. Each reads as much as it needs, never more than 64 KiB, and trusts
//! nothing of it.

mod exec;
mod http;
mod kafka;
mod mongodb;
mod postgres;
mod redis;
mod tcp;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::attempt::{Found, Outcome, Tools};
use super::target::{Check, Goal, Http, Target, url};
use super::words;

/// The most that is read of an answer, bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Check a target once. Bounded by the caller's timeout.
pub(super) async fn run(tools: &Tools, target: &Target) -> Found {
    match (&target.goal, &target.check) {
        (Goal::Nowhere(why), _) => Outcome::Unknown(why.clone()).into(),
        (Goal::Simulated { port, path }, check) => simulated(tools, target, check, *port, path).await,
        (Goal::Inside, Check::Exec(argv)) => exec::run(tools, target, argv).await.into(),
        (goal, Check::Http(http)) => match url(goal, http.tls) {
            Some(url) => http::run(tools, target, http, &url).await,
            None => Outcome::Unknown("http can't be asked there".into()).into(),
        },
        (Goal::Socket { host, port, proxied, .. }, check) => {
            match socket(tools, check, host, *port, *proxied).await {
                Ok(found) => found,
                Err(error) => words::io(&error).into(),
            }
        }
        (_, check) => Outcome::Unknown(format!("{} can't be asked there", check.word()).into()).into(),
    }
}

/// Ask by HTTP, and hand the body of a good answer (2xx) on as it comes, until `take` has enough.
///
/// # Errors
/// Why there is none, in one clause; within `limit`.
pub async fn fetch(
    tools: &Tools,
    goal: &Goal,
    http: &Http,
    limit: Duration,
    take: impl FnMut(&[u8]) -> bool,
) -> Result<(), Arc<str>> {
    let url = match (goal, url(goal, http.tls)) {
        (Goal::Nowhere(why), _) => return Err(why.clone()),
        (_, None) => return Err("http can't be asked there".into()),
        (_, Some(url)) => url,
    };
    http::stream(tools, http, &url, limit, take).await.map_err(|outcome| match outcome {
        Outcome::Failed(why) | Outcome::Unknown(why) => why,
        Outcome::Passed => "it passes".into(),
    })
}

/// An HTTP answer, whatever it is.
pub(super) struct Answer {
    pub(super) status: u16,
    /// As much of the body as is read.
    pub(super) body: Vec<u8>,
}

/// Ask, and take any answer; `None` where there is none, or it is not HTTP.
pub(super) async fn get(tools: &Tools, target: &Target, http: &Http) -> Option<Answer> {
    if let Goal::Simulated { port, path } = &target.goal {
        let answer = tools.engine.simulated(target.replica.as_ref()?, *port, Some(path))?;
        return Some(Answer { status: answer.status, body: answer.body.into_bytes() });
    }
    http::get(tools, http, &url(&target.goal, http.tls)?).await
}

/// A check that speaks its own protocol.
async fn socket(tools: &Tools, check: &Check, host: &str, port: u16, proxied: bool) -> io::Result<Found> {
    let began = Instant::now();
    let addresses = tools.clients.resolver().lookup(host, port).await.map_err(io::Error::other)?;
    let mut stream = connect(&addresses).await?;
    stream.set_nodelay(true)?;
    Ok(match check {
        Check::Tcp => {
            let took = Some(began.elapsed());
            Found { took, ..tcp::stays(&mut stream, proxied).await.into() }
        }
        Check::Postgres => postgres::run(&mut stream).await?.into(),
        Check::Redis => redis::run(&mut stream).await?.into(),
        Check::Mongodb => mongodb::run(&mut stream).await?.into(),
        Check::Kafka => kafka::run(&mut stream).await?.into(),
        Check::Http(_) | Check::Exec(_) => {
            Outcome::Unknown(format!("{} can't be asked there", check.word()).into()).into()
        }
    })
}

async fn connect(addresses: &[std::net::SocketAddr]) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// A replica that is only simulated, asked without a network.
async fn simulated(tools: &Tools, target: &Target, check: &Check, port: u16, path: &str) -> Found {
    let Some(replica) = &target.replica else {
        return Outcome::Unknown("there is no such replica".into()).into();
    };
    let Some(answer) = tools.engine.simulated(replica, port, Some(path).filter(|path| !path.is_empty()))
    else {
        return words::fail("connection refused").into();
    };
    tokio::time::sleep(answer.took).await;
    match check {
        Check::Http(http) => http::judge(http, answer.status, Some((answer.body.as_bytes(), true))).into(),
        _ if answer.status < 400 => Outcome::Passed.into(),
        _ => words::fail(words::quoted(answer.body.as_bytes())).into(),
    }
}

/// Whatever comes until the other side stops, `limit` bytes or `pause` without a byte: for quoting
/// an answer that makes no sense.
async fn some<S: AsyncRead + Unpin>(stream: &mut S, limit: usize, pause: Duration) -> Vec<u8> {
    let mut out = Vec::new();
    let mut piece = [0; 512];
    while out.len() < limit {
        match tokio::time::timeout(pause, stream.read(&mut piece)).await {
            Ok(Ok(n)) if n > 0 => out.extend_from_slice(&piece[..n]),
            _ => break,
        }
    }
    out.truncate(limit);
    out
}

/// What the handshakes speak over: a socket, and in tests a pipe.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}
