//! Where a probe that is no URL goes: a port of every replica, or one address.

use std::fmt;

use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const WANTED: &str = "a port from 1 to 65535, or \"host:port\"";

/// A port inside the container of every replica, or a host and port for the service as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Of every replica.
    Port(u16),
    /// Of the service.
    Address {
        /// A name or an address, without brackets.
        host: String,
        /// 1–65535.
        port: u16,
    },
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse().ok().filter(|&port: &u16| port > 0);
        let Some((host, port)) = text.rsplit_once(':') else { return number(text).map(Self::Port) };
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '{' | '}');
        if host.is_empty() || !host.chars().all(good) {
            return None;
        }
        Some(Self::Address { host: host.to_owned(), port: number(port)? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "{port}"),
            Self::Address { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Address { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Port(port) => to.serialize_u16(*port),
            Self::Address { .. } => to.serialize_str(&self.to_string()),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WANTED)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Place, E> {
        let port = u16::try_from(number).ok().filter(|&port| port > 0);
        port.map(Place::Port).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Place, E> {
        let port = u16::try_from(number).ok().filter(|&port| port > 0);
        port.map(Place::Port).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Place, E> {
        Place::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_addresses() {
        let address = |host: &str, port| Some(Place::Address { host: host.into(), port });
        for (text, is) in [
            ("5432", Some(Place::Port(5432))),
            ("db.example:5432", address("db.example", 5432)),
            ("{service}:1", address("{service}", 1)),
            ("[::1]:6379", address("::1", 6379)),
            ("0", None),
            ("70000", None),
            (":5432", None),
            ("http://x:1", None),
            ("a b:1", None),
            ("", None),
        ] {
            assert_eq!(Place::parse(text), is, "{text}");
            if let Some(place) = is {
                assert_eq!(Place::parse(&place.to_string()), Some(place));
            }
        }
    }
}
