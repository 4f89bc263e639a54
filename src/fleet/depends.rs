//! Who needs whom, and what follows: what a service takes with it, and where to look first.
//!
//! Edges come from what settings say ([`super::Ties`]) and from compose's labels; nothing is
//! measured. What names nobody here is outside. Cycles are borne.

mod build;
mod causes;
mod tree;

use std::collections::HashMap;
use std::sync::Arc;

use super::{How, ServiceId};

pub(super) use build::Unit;
pub use causes::{Cause, Causes};
pub use tree::{Branch, Leaf, Way};

/// One service needs another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Whom.
    pub service: ServiceId,
    /// How that is seen; never empty.
    pub how: Vec<How>,
}

impl Need {
    /// Whether it only waits until the other has run to its end.
    pub fn completes(&self) -> bool {
        self.how.iter().all(|how| *how == How::Completes)
    }
}

/// Somebody a service needs who is no service here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// A name or an address.
    pub host: Arc<str>,
    /// The port, where it was written.
    pub port: Option<u16>,
    /// How that is seen.
    pub how: Vec<How>,
}

impl Outside {
    /// `api.example.com:443`.
    pub fn path(&self) -> String {
        match self.port {
            Some(port) if self.host.contains(':') => format!("[{}]:{port}", self.host),
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }
}

/// A service that goes down with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Struck {
    /// Which.
    pub service: ServiceId,
    /// By how many steps: 1 = it needs it itself.
    pub depth: u32,
}

/// Who needs whom. Made once from what is known, and asked as often as one likes.
#[derive(Debug, Default)]
pub struct Dependencies {
    index: HashMap<ServiceId, usize>,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    id: ServiceId,
    /// Sorted by service.
    needs: Vec<Need>,
    /// The same as places in `nodes`.
    down: Vec<usize>,
    /// Who needs it, without those that only wait for its end.
    up: Vec<usize>,
    /// Others wait for its end, and nobody needs it to run.
    ends: bool,
    outside: Vec<Outside>,
}

impl Dependencies {
    /// Whether nobody is seen to need anybody.
    pub fn is_empty(&self) -> bool {
        self.nodes.iter().all(|node| node.needs.is_empty() && node.outside.is_empty())
    }

    fn node(&self, id: &ServiceId) -> Option<&Node> {
        self.nodes.get(*self.index.get(id)?)
    }

    /// Whom a service needs itself, in order of rows.
    pub fn needs(&self, id: &ServiceId) -> &[Need] {
        self.node(id).map_or(&[], |node| &node.needs)
    }

    /// Whom it needs that is no service here.
    pub fn outside(&self, id: &ServiceId) -> &[Outside] {
        self.node(id).map_or(&[], |node| &node.outside)
    }

    /// Who needs a service itself, in order of rows; those that only waited for its end left out.
    pub fn needed_by(&self, id: &ServiceId) -> impl Iterator<Item = &ServiceId> {
        let up = self.node(id).map_or(&[][..], |node| &node.up);
        up.iter().filter_map(|&above| Some(&self.nodes.get(above)?.id))
    }

    /// How one is seen to need the other; empty where it does not.
    pub fn how(&self, from: &ServiceId, to: &ServiceId) -> &[How] {
        self.needs(from).iter().find(|need| need.service == *to).map_or(&[], |need| &need.how)
    }

    /// What a service takes with it: who needs it, and who needs those; the nearest first.
    pub fn impact(&self, id: &ServiceId) -> Vec<Struck> {
        let Some(&start) = self.index.get(id) else { return Vec::new() };
        let mut found = Vec::new();
        self.above(start, &mut vec![false; self.nodes.len()], |at, depth| {
            if let Some(node) = self.nodes.get(at) {
                found.push(Struck { service: node.id.clone(), depth });
            }
        });
        found.sort_by(|a, b| a.depth.cmp(&b.depth).then_with(|| a.service.cmp(&b.service)));
        found
    }

    /// Walk over all above `start`, each once, the nearest first. `seen` must be all false, and as
    /// long as there are nodes; it is so again afterwards.
    fn above(&self, start: usize, seen: &mut [bool], mut each: impl FnMut(usize, u32)) {
        let mut walked = vec![(start, 0_u32)];
        if let Some(mark) = seen.get_mut(start) {
            *mark = true;
        }
        let mut next = 0;
        while let Some(&(at, depth)) = walked.get(next) {
            next += 1;
            if depth > 0 {
                each(at, depth);
            }
            for &above in self.nodes.get(at).map_or(&[][..], |node| &node.up) {
                if let Some(mark) = seen.get_mut(above).filter(|mark| !**mark) {
                    *mark = true;
                    walked.push((above, depth + 1));
                }
            }
        }
        for (at, _) in walked {
            if let Some(mark) = seen.get_mut(at) {
                *mark = false;
            }
        }
    }
}

#[cfg(test)]
mod tests;
