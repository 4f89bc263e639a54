//! The shelf of themes and keymaps: the shipped ones, embedded, and the user's over them.

use super::keymap::{Keymap, Layer, resolve};
use super::problem::{Problem, Problems, did_you_mean, quote};

/// The keymaps inside the binary: name and text.
pub(super) const SHIPPED_KEYMAPS: &[(&str, &str)] = &[
    ("default", include_str!("../../keymaps/default.toml")),
    ("k9s", include_str!("../../keymaps/k9s.toml")),
    ("lazydocker", include_str!("../../keymaps/lazydocker.toml")),
    ("emacs", include_str!("../../keymaps/emacs.toml")),
];

/// A keymap from inside the binary.
pub fn shipped_keymap(name: &str) -> Result<Keymap, Problems> {
    let mut layers = Vec::new();
    let mut next = Some(name.to_owned());
    while let Some(wanted) = next {
        let Some((found, text)) = SHIPPED_KEYMAPS.iter().find(|(n, _)| *n == wanted) else {
            let names = SHIPPED_KEYMAPS.iter().map(|(n, _)| *n);
            return Err(Problem::whole(
                "keymaps",
                format!("there is no keymap {}{}", quote(&wanted), did_you_mean(&wanted, names)),
                "choose one that `qd keys --list` lists",
            )
            .into());
        };
        let layer = Layer::read(&format!("keymaps/{found}.toml (shipped)"), text)?;
        next = layer.inherits.clone();
        layers.push(layer);
    }
    layers.reverse();
    resolve(name, &layers)
}
