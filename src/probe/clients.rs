//! HTTP clients, made when first needed and shared by all probes that want the same.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

use super::resolve::Resolver;
use super::target::Http;

/// What a client is made for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Manner {
    /// Good certificates only.
    strict: bool,
    redirects: u8,
}

/// All of them.
#[derive(Default)]
pub(super) struct Clients {
    made: Mutex<HashMap<Manner, Client>>,
    resolver: Resolver,
}

impl Clients {
    /// The client for a request.
    pub(super) fn of(&self, http: &Http) -> Result<Client, reqwest::Error> {
        // Without TLS nobody asks for certificates, and reading the system's takes its time.
        let strict = http.verify_tls && (http.tls || http.redirects > 0);
        let manner = Manner { strict, redirects: http.redirects };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(&manner) {
            return Ok(client.clone());
        }
        let client = self.make(manner)?;
        made.insert(manner, client.clone());
        Ok(client)
    }

    fn make(&self, manner: Manner) -> Result<Client, reqwest::Error> {
        // `main` does it too; without it a client can't be made at all. It fails only where another
        // provider is set already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = ClientBuilder::new()
            .user_agent(concat!("quarterdeck/", env!("CARGO_PKG_VERSION")))
            // A container's address is none of a proxy's business.
            .no_proxy()
            .referer(false)
            // A fresh connection every time, as a new user has one. Servers close idle ones when
            // they like (Node after 5 s): a request that crosses that is a false alarm.
            .pool_max_idle_per_host(0)
            .pool_idle_timeout(Duration::ZERO)
            // An attempt is an attempt.
            .retry(reqwest::retry::never())
            .tls_info(true)
            .dns_resolver(self.resolver.clone())
            .redirect(match manner.redirects {
                0 => Policy::none(),
                n => Policy::limited(usize::from(n)),
            });
        if manner.strict { builder } else { builder.tls_danger_accept_invalid_certs(true) }.build()
    }

    /// Looks names up, for probes that are not HTTP.
    pub(super) fn resolver(&self) -> &Resolver {
        &self.resolver
    }
}
