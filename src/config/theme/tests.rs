//! What theme files may say, and that every shipped theme can be read by everyone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ratatui::style::Color;

use super::colour::{distance, linear, oklab, oklab_of_linear};
use super::*;
use crate::config::library::Library;

fn shipped() -> Vec<Theme> {
    let library = Library::default();
    library
        .theme_names()
        .iter()
        .map(|n| library.theme(n, Depth::True).unwrap_or_else(|e| panic!("{n}:\n{e}")))
        .collect()
}

fn theme(name: &str, depth: Depth) -> Theme {
    Library::default().theme(name, depth).unwrap()
}

/// What is drawn: the role over the plain background.
fn drawn(theme: &Theme, role: Role) -> (Color, Color) {
    let text = theme.style(Role::Text);
    let style = text.patch(theme.style(role));
    (style.fg.unwrap_or(Color::Reset), style.bg.unwrap_or(Color::Reset))
}

/// Roles that may be fainter: they repeat or accompany what others say.
fn is_faint(role: Role) -> bool {
    matches!(
        role,
        Role::Dim | Role::KeyDoc | Role::Tab | Role::Stopped | Role::Time | Role::LevelDebug | Role::Axis
    )
}

#[test]
fn there_are_at_least_ten_and_each_says_what_it_is() {
    let all = shipped();
    assert!(all.len() >= 10);
    for theme in &all {
        assert!(!theme.doc.is_empty(), "{}", theme.name);
    }
}

#[test]
fn text_can_be_read_on_its_background_in_every_theme() {
    for theme in shipped() {
        for role in Role::all().filter(|r| !matches!(r, Role::Border | Role::BorderFocused)) {
            let wanted = match (theme.name.as_str(), is_faint(role)) {
                ("high-contrast", _) => 7.0,
                (_, true) => 3.0,
                (_, false) => 4.5,
            };
            let (fg, bg) = drawn(&theme, role);
            if let Some(found) = contrast(fg, bg) {
                assert!(found >= wanted, "{}: {}: {found:.2} < {wanted}", theme.name, role.name());
            }
        }
    }
}

#[test]
fn the_selected_row_can_be_seen_and_read_in_every_theme() {
    for theme in shipped() {
        let (_, plain) = drawn(&theme, Role::Text);
        let (_, selected) = drawn(&theme, Role::Selected);
        if theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED) {
            continue;
        }
        assert_ne!(plain, selected, "{}", theme.name);
        for role in
            [Role::Text, Role::Dim, Role::Ok, Role::Info, Role::Warn, Role::Bad, Role::Stopped, Role::Gauge]
        {
            let (fg, _) = drawn(&theme, role);
            let found = contrast(fg, selected).unwrap();
            assert!(found >= 3.0, "{}: {} selected: {found:.2}", theme.name, role.name());
        }
    }
}

#[test]
fn well_warning_and_bad_differ_in_every_theme_and_at_every_depth() {
    for name in Library::default().theme_names() {
        for depth in [Depth::True, Depth::Indexed256, Depth::Ansi16] {
            let theme = theme(&name, depth);
            let looks: Vec<_> =
                [Role::Ok, Role::Warn, Role::Bad, Role::Stopped].map(|r| theme.style(r)).into();
            for (i, a) in looks.iter().enumerate() {
                for b in &looks[..i] {
                    assert_ne!(a, b, "{name} at {depth:?}");
                }
            }
        }
    }
}

/// Full loss of one kind of cone (Machado, Oliveira, Fernandes 2009), on light.
const BLINDNESS: [(&str, [[f32; 3]; 3]); 3] = [
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

fn seen(colour: Color, matrix: &[[f32; 3]; 3]) -> [f32; 3] {
    let light = linear(known_rgb(colour).unwrap());
    let through = matrix.map(|row| row.iter().zip(light).map(|(m, v)| m * v).sum::<f32>().clamp(0.0, 1.0));
    oklab_of_linear(through)
}

#[test]
fn the_colour_blind_theme_is_safe_for_every_kind_of_blindness() {
    let theme = theme("colour-blind", Depth::True);
    let roles = [Role::Ok, Role::Warn, Role::Bad];
    for (kind, matrix) in &BLINDNESS {
        for (i, &a) in roles.iter().enumerate() {
            for &b in &roles[..i] {
                let apart =
                    distance(seen(drawn(&theme, a).0, matrix), seen(drawn(&theme, b).0, matrix), 1.0).sqrt();
                assert!(apart > 0.12, "{kind}: {} and {}: {apart:.3}", a.name(), b.name());
            }
        }
    }
}

#[test]
fn the_blindness_test_can_fail() {
    // Red and green of the same lightness: the classic mistake.
    let apart =
        |matrix| distance(seen(Color::Rgb(190, 90, 60), matrix), seen(Color::Rgb(110, 130, 50), matrix), 1.0);
    assert!(apart(&BLINDNESS[1].1).sqrt() < 0.12);
    assert!(distance(oklab([190, 90, 60]), oklab([110, 130, 50]), 1.0).sqrt() > 0.12);
}

#[test]
fn mono_names_no_colour_and_still_tells_things_apart() {
    let theme = theme("mono", Depth::True);
    for role in Role::all() {
        let style = theme.style(role);
        assert_eq!((style.fg, style.bg), (None, None), "{}", role.name());
    }
    for (a, b) in [(Role::Text, Role::Selected), (Role::Ok, Role::Bad), (Role::Border, Role::BorderFocused)] {
        assert_ne!(theme.style(a), theme.style(b));
    }
}

#[test]
fn a_terminal_without_colour_gets_none_from_any_theme() {
    for name in Library::default().theme_names() {
        let theme = theme(&name, Depth::None);
        assert_eq!(theme.name, name);
        assert!(Role::all().all(|r| theme.style(r).fg.is_none() && theme.style(r).bg.is_none()), "{name}");
        assert_ne!(theme.style(Role::Selected), theme.style(Role::Text), "{name}");
    }
}

#[test]
fn sixteen_colours_keep_text_off_its_background() {
    for name in Library::default().theme_names() {
        let theme = theme(&name, Depth::Ansi16);
        for role in Role::all().filter(|r| *r != Role::Selected) {
            let (fg, bg) = drawn(&theme, role);
            assert!(!matches!(fg, Color::Rgb(..) | Color::Indexed(_)), "{name}: {}", role.name());
            assert!(contrast(fg, bg).is_none_or(|c| c >= 2.0), "{name}: {}: {fg} on {bg}", role.name());
        }
        let selected = theme.style(Role::Selected);
        let reversed = selected.add_modifier.contains(Modifier::REVERSED);
        assert!(reversed || selected.bg != theme.style(Role::Text).bg, "{name}: the selection can't be seen");
    }
}

fn read(texts: &[&str]) -> Result<Theme, crate::config::Problems> {
    let base = include_str!("../../../themes/quarterdeck.toml");
    let mut layers = vec![Layer::read("base.toml", base).unwrap()];
    for text in texts {
        layers.push(Layer::read("mine.toml", text)?);
    }
    resolve("mine", &layers)
}

#[test]
fn a_palette_repaints_every_role_that_uses_it() {
    let theme = read(&["[palette]\naccent = '208'\nred = 9"]).unwrap();
    assert_eq!(theme.style(Role::Key).fg, Some(Color::Indexed(208)));
    assert_eq!(theme.style(Role::Bad).fg, Some(Color::LightRed));
    assert_eq!(theme.style(Role::Ok), self::theme("quarterdeck", Depth::True).style(Role::Ok));
}

#[test]
fn styles_are_words_or_tables() {
    let theme = read(&["[roles]
title = 'bold italic on red'
ok = { fg = 'accent', bg = '#010203', underline = true, bold = false }
warn = 'reverse'
dim = ''
"])
    .unwrap();
    assert_eq!(theme.style(Role::Title), Style::new().bg(Color::Rgb(0xff, 0x7b, 0x72)).bold().italic());
    assert_eq!(
        theme.style(Role::Ok),
        Style::new().fg(Color::Rgb(0x6c, 0xb6, 0xff)).bg(Color::Rgb(1, 2, 3)).underlined()
    );
    assert_eq!(theme.style(Role::Warn), Style::new().reversed());
    assert_eq!(theme.style(Role::Dim), Style::new());
}

#[test]
fn all_mistakes_of_a_theme_are_reported_with_their_places() {
    let text = "\
colour = 1
[palette]
bold = '#ffffff'
x = '#12345'
y = 'greeen'
[roles]
titel = 'fg'
ok = 'fg bg'
warn = 'fg on'
bad = { fgg = 'red', bold = 1 }
info = true
dim = { fg = 'a b' }
tab = 'boldd fg'
";
    let said: Vec<String> =
        Layer::read("t.toml", text).unwrap_err().0.iter().map(ToString::to_string).collect();
    let expected = [
        "t.toml:1:1: a theme has no `colour`",
        "t.toml:3:1: `bold` already means something",
        "t.toml:4:5: `#12345` is no colour",
        "t.toml:5:5: `greeen` is no colour (did you mean `green`?)",
        "t.toml:7:1: there is no role `titel` (did you mean `title`?)",
        "t.toml:8:6: `bg` is one colour too many",
        "t.toml:9:8: no colour after `on`",
        "t.toml:10:9: a style has no `fgg` (did you mean `fg`?)",
        "t.toml:10:29: `bold` is an integer; write true or false",
        "t.toml:11:8: `info` is a boolean, not a style",
        "t.toml:12:14: `a b` is no colour",
        "t.toml:13:7: `fg` is one colour too many",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}\nis not\n{expected}");
    }
}

#[test]
fn unknown_colours_and_missing_roles_are_told_when_layers_are_together() {
    let said = read(&["[roles]\nok = 'gren bold'\nbad = 'on nowhere'"]).unwrap_err().to_string();
    assert!(said.contains("mine.toml:2:6: there is no colour `gren` (did you mean `green`?)"), "{said}");
    assert!(said.contains("mine.toml:3:7: there is no colour `nowhere`; add it to [palette]"), "{said}");

    let alone = Layer::read("mine.toml", "[roles]\ntext = 'white on black'").unwrap();
    let said = resolve("mine", &[alone]).unwrap_err().to_string();
    assert!(said.starts_with("mine.toml: the theme says nothing about dim, title,"), "{said}");
    assert!(said.contains("inherits = \"quarterdeck\""), "{said}");
}
