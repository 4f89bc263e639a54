//! The map as an indented tree: for screens and commands alike.

use std::collections::HashSet;

use super::Dependencies;
use crate::fleet::{How, ServiceId};

/// Which way a tree grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Below a service stands whom it needs.
    Needs,
    /// Below a service stands who needs it.
    Impact,
}

/// What a line of the tree is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// A service.
    Service(ServiceId),
    /// Somebody who is no service here: `api.example.com:443`.
    Outside(String),
}

/// One line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// For every level down to its own, whether more follows there; empty for a root.
    pub more: Vec<bool>,
    /// What it is about.
    pub leaf: Leaf,
    /// How it is seen to hang on the line above it; empty for a root.
    pub how: Vec<How>,
    /// What hangs on it stands further up already.
    pub above: bool,
}

impl Branch {
    /// What is drawn before its name: `│  └─ `.
    pub fn stem(&self, ascii: bool) -> String {
        let (through, tee, end) = if ascii { ("|  ", "|- ", "`- ") } else { ("│  ", "├─ ", "└─ ") };
        let Some((own, before)) = self.more.split_last() else { return String::new() };
        let mut stem: String = before.iter().map(|more| if *more { through } else { "   " }).collect();
        stem.push_str(if *own { tee } else { end });
        stem
    }
}

impl Dependencies {
    /// The tree of these services: of one from it on, of several from those on that none of the
    /// others leads to. What hangs on a service is shown where it comes first.
    pub fn tree(&self, of: &[&ServiceId], way: Way) -> Vec<Branch> {
        let among: HashSet<&ServiceId> = of.iter().copied().collect();
        let is_root = |id: &&&ServiceId| !self.before(id, way).iter().any(|before| among.contains(before));
        let mut grown = Grown { all: self, way, seen: HashSet::new(), branches: Vec::new() };
        for root in of.iter().filter(is_root) {
            grown.grow(Leaf::Service((*root).clone()), Vec::new(), Vec::new());
        }
        // What is left are rings nobody leads to.
        for root in of {
            if !grown.seen.contains(root) {
                grown.grow(Leaf::Service((*root).clone()), Vec::new(), Vec::new());
            }
        }
        grown.branches
    }

    /// What leads to a service.
    fn before(&self, id: &ServiceId, way: Way) -> Vec<&ServiceId> {
        match way {
            Way::Needs => self.needed_by(id).collect(),
            Way::Impact => self.needs(id).iter().map(|need| &need.service).collect(),
        }
    }
}

/// A tree in the making.
struct Grown<'a> {
    all: &'a Dependencies,
    way: Way,
    seen: HashSet<ServiceId>,
    branches: Vec<Branch>,
}

impl Grown<'_> {
    fn grow(&mut self, leaf: Leaf, how: Vec<How>, more: Vec<bool>) {
        // An explicit stack: a chain may be as long as there are services.
        let mut stack = vec![(leaf, how, more)];
        while let Some((leaf, how, more)) = stack.pop() {
            let mut below = match &leaf {
                Leaf::Service(id) => self.below(id),
                Leaf::Outside(_) => Vec::new(),
            };
            let mut above = false;
            if let Leaf::Service(id) = &leaf
                && !self.seen.insert(id.clone())
            {
                above = !below.is_empty();
                below.clear();
            }
            let last = below.len().saturating_sub(1);
            let level = more.clone();
            self.branches.push(Branch { more, leaf, how, above });
            for (at, (leaf, how)) in below.into_iter().enumerate().rev() {
                let more = level.iter().copied().chain([at < last]).collect();
                stack.push((leaf, how, more));
            }
        }
    }

    fn below(&self, id: &ServiceId) -> Vec<(Leaf, Vec<How>)> {
        match self.way {
            Way::Needs => {
                let needs = self.all.needs(id).iter();
                let services = needs.map(|need| (Leaf::Service(need.service.clone()), need.how.clone()));
                let outside = self.all.outside(id).iter();
                services.chain(outside.map(|it| (Leaf::Outside(it.path()), it.how.clone()))).collect()
            }
            Way::Impact => {
                let above = self.all.needed_by(id);
                above.map(|from| (Leaf::Service(from.clone()), self.all.how(from, id).to_vec())).collect()
            }
        }
    }
}
