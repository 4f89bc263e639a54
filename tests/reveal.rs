//! Masked values on the screen: asked about, shown, and gone as soon as the tab is left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use quarterdeck::config::Settings;
use quarterdeck::console::{Effect, Msg, Recording};
use quarterdeck::fleet::ReplicaId;
use quarterdeck::journal::JournalError;
use stage::{SMALL, Stage};

/// A service of the demo, and a masked value of it.
const SERVICE: &str = "auth-service";
const VALUE: &str = "b2fd8c0c5b6f4f3d9a77";

/// Asked about and said yes to: whose values are wanted.
fn asked(stage: &mut Stage) -> ReplicaId {
    stage.at(SERVICE).keys("d V");
    assert!(stage.effects.iter().all(|e| !matches!(e, Effect::Reveal(..))), "nothing before the yes");
    stage.keys("y");
    let wanted = stage.effects.iter().find_map(|e| match e {
        Effect::Reveal(id, service) => Some((id.clone(), service.clone())),
        _ => None,
    });
    let (id, service) = wanted.unwrap_or_else(|| panic!("{}", stage.screen()));
    assert_eq!(service, stage.service(SERVICE));
    id
}

/// And shown.
fn shown() -> Stage {
    let mut stage = Stage::new(SMALL);
    let id = asked(&mut stage);
    let secrets = stage.world.reveal(&id).unwrap();
    assert!(!format!("{:?}", Msg::Revealed(id.clone(), Ok(secrets.clone()))).contains(VALUE));
    stage.send(Msg::Revealed(id, Ok(secrets)));
    stage.settle();
    stage
}

#[test]
fn it_is_asked_first_and_shown_after() {
    let mut stage = Stage::new(SMALL);
    stage.at(SERVICE).keys("d V");
    insta::assert_snapshot!("reveal_asked", stage.screen());
    stage.keys("enter");
    assert!(stage.foot().contains("press y"), "{}", stage.foot());
    stage.keys("n");
    assert!(!stage.effects.iter().any(|e| matches!(e, Effect::Reveal(..))), "{:?}", stage.effects);

    let mut stage = shown();
    stage.keys("z pagedown");
    assert!(stage.screen().contains(VALUE), "{}", stage.screen());
    insta::assert_snapshot!("reveal_shown", stage.screen());
}

#[test]
fn leaving_the_tab_forgets_them() {
    for keys in ["esc esc", "tab", "1", "]", "Z", "V", "ctrl-z", "s", "tab j"] {
        let mut stage = shown();
        stage.keys("/ ").write("jwt").keys("enter");
        assert!(stage.screen().contains(VALUE), "{keys}: {}", stage.screen());
        stage.keys(keys);
        assert!(!stage.screen().contains(VALUE), "{keys}: {}", stage.screen());
        // Coming back brings no value back.
        stage.at(SERVICE).keys("d / ctrl-u").write("jwt").keys("enter");
        assert!(stage.screen().contains("JWT_SECRET"), "{keys}: {}", stage.screen());
        assert!(!stage.screen().contains(VALUE), "{keys}: {}", stage.screen());
    }
}

#[test]
fn who_left_meanwhile_does_not_get_them() {
    let mut stage = Stage::new(SMALL);
    let id = asked(&mut stage);
    let secrets = stage.world.reveal(&id).unwrap();
    stage.keys("1");
    stage.send(Msg::Revealed(id.clone(), Ok(secrets.clone())));
    stage.settle();
    assert!(stage.foot().contains("was left meanwhile"), "{}", stage.foot());
    stage.keys("d / ctrl-u").write("jwt").keys("enter");
    assert!(!stage.screen().contains(VALUE), "{}", stage.screen());
    // What went wrong is said.
    stage.send(Msg::Revealed(id, Err("the journal can't be written".into())));
    assert!(stage.foot().contains("nothing is revealed"), "{}", stage.foot());
}

#[test]
fn what_can_not_be_written_down_is_not_shown() {
    let mut stage = Stage::new(SMALL);
    stage.send(Msg::Recording(Some(JournalError::Full { path: "/x/journal.db".into() })));
    stage.at(SERVICE).keys("d V");
    assert!(stage.model.dialogs.is_empty(), "{}", stage.screen());
    assert!(stage.foot().contains("nothing is revealed without a record"), "{}", stage.foot());
    // Nobody wanted a record.
    stage.model.ledger.recording = Recording::Unwanted;
    stage.keys("V");
    assert!(stage.find("not written down").is_some(), "{}", stage.screen());
}

#[test]
fn looking_is_allowed_where_changing_is_not() {
    let mut stage = Stage::with(SMALL, Settings { read_only: true, ..Settings::default() });
    asked(&mut stage);
}

#[test]
fn it_works_from_the_palette_and_says_where_it_can_not() {
    let mut stage = Stage::new(SMALL);
    stage.at(SERVICE).command("reveal");
    assert!(stage.foot().contains("try again"), "nobody asked the engine before: {}", stage.foot());
    stage.command("reveal");
    assert!(stage.find("masked value").is_some(), "{}", stage.screen());
    stage.keys("n").command("goto redis").command("reveal").command("reveal");
    assert!(stage.model.dialogs.is_empty(), "{}", stage.screen());
    assert!(stage.foot().contains("is masked"), "{}", stage.foot());
}
