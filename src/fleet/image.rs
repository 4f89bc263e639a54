//! What a replica was made from.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An image: the reference it was asked for by, and the id it resolved to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Image {
    /// As written when the replica was made, e.g. `registry:5000/shop/api:1.4.2`; sanitised.
    pub reference: Arc<str>,
    /// The resolved id, `sha256:…` in full; empty where the engine does not tell.
    pub id: Arc<str>,
}

impl Image {
    /// The tag (`1.4.2`), else the first 12 digits of the digest, else `latest`.
    ///
    /// A colon before the last `/` is a registry's port, not a tag.
    pub fn tag(&self) -> &str {
        let last = self.reference.rsplit('/').next().unwrap_or("");
        if let Some((_, digest)) = last.split_once("@sha256:") {
            return digest.get(..12).unwrap_or(digest);
        }
        if let Some(digest) = last.strip_prefix("sha256:") {
            return digest.get(..12).unwrap_or(digest);
        }
        last.split_once(':').map_or("latest", |(_, tag)| tag)
    }

    /// The first 12 digits of the image id, as `docker images` shows them.
    pub fn short_id(&self) -> &str {
        let digits = self.id.strip_prefix("sha256:").unwrap_or(&self.id);
        digits.get(..12).unwrap_or(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn a_registry_port_is_not_a_tag() {
        for (reference, tag) in [
            ("api", "latest"),
            ("api:1.4.2", "1.4.2"),
            ("registry:5000/shop/api", "latest"),
            ("registry:5000/shop/api:2", "2"),
            ("api@sha256:0123456789abcdef", "0123456789ab"),
            ("sha256:0123456789abcdef", "0123456789ab"),
        ] {
            let image = Image { reference: reference.into(), id: "".into() };
            assert_eq!(image.tag(), tag, "{reference}");
        }
    }
}
