//! The log view over a store: what is followed, where it stands, what is shown of a line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use super::*;
use crate::config::{Glyphs, Role, Settings, Theme};
use crate::console::pane::fixture::{NOW, draw, fleet, replica_id, scene, service};
use crate::fleet::Fleet;
use crate::logs::{Line, Source, Span, SpanColor, SpanStyle, Stream};

fn source(replica: &str) -> Arc<Source> {
    Arc::new(Source {
        replica: replica_id(&format!("shop-{replica}")),
        service: service(Some("shop"), "api"),
        tag: replica.into(),
    })
}

fn line(source: &Arc<Source>, ms: i64, level: Level, text: &str) -> Line {
    Line {
        source: Arc::clone(source),
        at: NOW * 1_000_000_000 + ms * 1_000_000,
        stream: Stream::Stdout,
        level,
        text: text.into(),
        spans: Box::default(),
        cut: false,
    }
}

fn marker(source: &Arc<Source>, ms: i64, text: &str) -> Line {
    Line { stream: Stream::Marker, ..line(source, ms, Level::Unknown, text) }
}

struct Stand {
    fleet: Fleet,
    theme: Theme,
    target: Target,
    logs: Logs,
}

impl Stand {
    fn new(target: Target) -> Self {
        let mut stand = Self {
            fleet: fleet(),
            theme: Theme::default(),
            target,
            logs: Logs::new(&Settings::default().logs),
        };
        stand.logs.set_viewport(80, 10);
        stand.with(Pane::show);
        stand
    }

    fn api() -> Self {
        Self::new(Target::Service(service(Some("shop"), "api")))
    }

    fn with<T>(&mut self, f: impl FnOnce(&mut Logs, &Scene<'_>) -> T) -> T {
        f(&mut self.logs, &scene(&self.fleet, &self.theme, &self.target))
    }

    fn act(&mut self, action: Action) -> Answer {
        self.with(|logs, scene| logs.act(action, scene))
    }

    fn feed(&mut self, lines: Vec<Line>) {
        let number = self.logs.number;
        assert!(
            self.logs.lines(number, &mut Batch { lines, dropped: 0, lag_ms: Some(3), ..Batch::default() })
        );
    }

    /// `n` lines `line 0`, `line 1`, ….
    fn fill(&mut self, n: usize) {
        let api = source("api-1");
        let from = self.logs.store.seqs().end as usize;
        self.feed(
            (from..from + n)
                .map(|i| line(&api, i64::try_from(i).unwrap(), Level::Info, &format!("line {i}")))
                .collect(),
        );
    }

    fn draw(&mut self) -> String {
        let (cols, rows) = (self.logs.cols, self.logs.rows);
        self.with(|logs, scene| draw(logs, scene, cols, rows))
    }

    fn work(&mut self) -> usize {
        let mut rounds = 0;
        while self.with(Pane::work) {
            rounds += 1;
            assert!(rounds < 10_000);
        }
        rounds
    }

    fn status(&mut self) -> String {
        self.with(|logs, scene| logs.status(scene))
    }
}

fn some_lines() -> Vec<Line> {
    let (one, two) = (source("api-1"), source("api-2"));
    vec![
        line(&one, 113, Level::Info, "listening on :3005"),
        line(
            &two,
            120,
            Level::Error,
            r#"{"level":"error","time":1,"msg":"connect ECONNREFUSED","host":"10.0.3.7","port":5432}"#,
        ),
        line(&two, 140, Level::Warn, "level=warn msg=\"slow query\" took=812ms"),
        line(&one, 150, Level::Unknown, "日本語のログ and 👨‍👩‍👧 emoji"),
        marker(&two, 180, "api-2 died: exit 1 after 2.1 s (7th restart)"),
        line(&two, 190, Level::Debug, &"long ".repeat(60)),
        Line { cut: true, ..line(&one, 200, Level::Fatal, "a line that never ended") },
        Line { stream: Stream::Stderr, ..line(&one, 210, Level::Trace, "stderr says hello") },
    ]
}

#[test]
fn a_page_of_logs() {
    let mut stand = Stand::api();
    stand.feed(some_lines());
    for (cols, rows) in [(80, 10), (120, 20), (200, 40), (24, 8)] {
        stand.logs.set_viewport(cols, rows);
        insta::with_settings!({snapshot_path => "../snapshots"}, {
            insta::assert_snapshot!(format!("logs_{cols}x{rows}"), stand.draw());
        });
    }
    stand.logs.set_viewport(60, 20);
    for action in [Action::Wrap, Action::Json, Action::Timestamps] {
        stand.act(action);
    }
    insta::with_settings!({snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("logs_wrapped_raw_60x20", stand.draw());
    });
}

#[test]
fn rows_are_followed_once_and_widened_in_turn() {
    let mut stand = Stand::new(Target::Replica(replica_id("shop-api-1")));
    assert_eq!(stand.logs.number, 1);
    assert_eq!(stand.with(Pane::show), [], "the same row again keeps its stream");
    let api = service(Some("shop"), "api");
    for subject in [
        Subject::Service(api),
        Subject::Project(Some("shop".into())),
        Subject::All,
        Subject::Replica(replica_id("shop-api-1")),
    ] {
        let Answer::Done { effects, say } = stand.act(Action::WidenLogs) else { panic!() };
        let number = stand.logs.number;
        assert_eq!(effects, [Effect::Follow { number, subject, previous: false }]);
        assert!(say.is_some());
    }
    let Answer::Done { effects, .. } = stand.act(Action::PreviousLogs) else { panic!() };
    assert!(matches!(effects[..], [Effect::Follow { previous: true, .. }]));
    // Widening and the run before exclude one another: neither hides the other.
    let Answer::Done { effects, .. } = stand.act(Action::WidenLogs) else { panic!() };
    assert!(matches!(effects[..], [Effect::Follow { previous: false, subject: Subject::Service(_), .. }]));
    stand.act(Action::WidenLogs);
    let Answer::Done { effects, .. } = stand.act(Action::PreviousLogs) else { panic!() };
    assert!(matches!(effects[..], [Effect::Follow { previous: true, subject: Subject::Replica(_), .. }]));
    let project = Target::Project(Some("shop".into()));
    assert!(matches!(Stand::new(project).act(Action::PreviousLogs), Answer::Refused(_)));
    assert_eq!(stand.logs.release(), [Effect::Unfollow]);
    assert_eq!(stand.logs.release(), []);
    assert!(!stand.logs.lines(stand.logs.number, &mut Batch::default()), "let go of");
}

#[test]
fn lines_of_an_older_follow_are_not_taken() {
    let mut stand = Stand::api();
    stand.fill(3);
    let old = stand.logs.number;
    stand.target = Target::Service(service(Some("shop"), "web"));
    assert_eq!(stand.with(Pane::show).len(), 1);
    assert!(!stand.logs.lines(old, &mut Batch { lines: some_lines(), ..Batch::default() }));
    assert!(stand.logs.store.is_empty());
}

#[test]
fn the_view_stands_still_while_lines_stream_in() {
    let mut stand = Stand::api();
    stand.fill(100);
    assert!(stand.draw().contains("line 99"));
    stand.act(Action::Up);
    let frozen = stand.draw();
    assert!(frozen.contains("line 89") && frozen.contains("line 97"), "{frozen}");
    stand.fill(312);
    let later = stand.draw();
    assert_eq!(frozen.lines().take(9).collect::<Vec<_>>(), later.lines().take(9).collect::<Vec<_>>());
    assert!(later.contains("↓ 312 new lines"), "{later}");
    assert!(stand.status().starts_with("frozen, 312 new"), "{}", stand.status());
    // Down to the end follows again.
    stand.act(Action::Bottom);
    assert!(stand.draw().contains("line 411"));
    assert!(!stand.status().contains("frozen"));
    stand.act(Action::PageUp);
    for _ in 0..12 {
        stand.act(Action::Down);
    }
    assert_eq!(stand.logs.anchor, Anchor::Follow, "the last page follows");
    stand.act(Action::Top);
    assert!(stand.draw().contains("line 0"));
    // The sign can be clicked.
    stand.with(|logs, scene| logs.click(75, 9, scene));
    assert_eq!(stand.logs.anchor, Anchor::Follow);
}

#[test]
fn a_page_that_shows_everything_goes_on_following() {
    let mut stand = Stand::api();
    stand.fill(4);
    for action in [Action::Up, Action::PageUp, Action::Top, Action::HalfPageUp, Action::Down] {
        stand.act(action);
        assert_eq!(stand.logs.anchor, Anchor::Follow, "{action:?}");
    }
}

#[test]
fn wrapped_lines_scroll_by_rows() {
    let mut stand = Stand::api();
    stand.logs.set_viewport(35, 4);
    let api = source("api-1");
    // 20 columns are left for the body: 100 characters are five rows.
    let long: String = ('a'..='e').map(|c| c.to_string().repeat(20)).collect();
    stand.feed(vec![line(&api, 1, Level::Info, &long), line(&api, 2, Level::Info, "last")]);
    stand.act(Action::Wrap);
    let bodies = |drawn: String| -> Vec<String> {
        drawn.lines().map(|l| l.chars().skip(15).take(3).collect::<String>().trim().to_owned()).collect()
    };
    assert_eq!(bodies(stand.draw()), ["ccc", "ddd", "eee", "las"]);
    stand.act(Action::Up);
    assert_eq!(bodies(stand.draw())[..3], ["bbb", "ccc", "ddd"]);
    stand.act(Action::Top);
    assert_eq!(bodies(stand.draw())[..3], ["aaa", "bbb", "ccc"]);
    for _ in 0..2 {
        stand.act(Action::Down);
    }
    assert_eq!(bodies(stand.draw()), ["ccc", "ddd", "eee", "las"]);
    assert_eq!(stand.logs.anchor, Anchor::Follow);
}

#[test]
fn long_lines_can_be_read_sideways() {
    let mut stand = Stand::api();
    let api = source("api-1");
    stand.feed(vec![line(&api, 1, Level::Info, &format!("begin{}日本 end", " ".repeat(80)))]);
    assert!(stand.draw().contains("begin"));
    for _ in 0..10 {
        stand.act(Action::Right);
    }
    let drawn = stand.draw();
    assert!(!drawn.contains("begin") && drawn.contains("日本 end"), "{drawn}");
    // An odd offset falls into the middle of a wide character: nothing is torn.
    stand.logs.left = 86;
    let drawn = stand.draw();
    assert!(drawn.contains("本 end") && !drawn.contains("日"), "{drawn}");
    stand.act(Action::Wrap);
    assert!(matches!(stand.act(Action::Right), Answer::Refused(_)));
}

#[test]
fn filters_in_out_and_by_level() {
    let mut stand = Stand::api();
    stand.feed(some_lines());
    stand.logs.set_input(Input::Filter, "l !slow !hello").unwrap();
    let drawn = stand.draw();
    assert!(
        drawn.contains("listening") && !drawn.contains("slow query") && !drawn.contains("hello"),
        "{drawn}"
    );
    let before = drawn;
    let sentence = stand.logs.set_input(Input::Filter, "l(").unwrap_err();
    assert!(sentence.contains("not a regular expression"));
    assert_eq!(stand.draw(), before, "a broken one changes nothing");
    assert_eq!(stand.logs.input(Input::Filter).as_deref(), Some("l !slow !hello"));
    stand.logs.set_input(Input::Filter, "").unwrap();
    let mut said = Vec::new();
    for _ in 0..5 {
        let Answer::Done { say, .. } = stand.act(Action::MinLevel) else { panic!() };
        said.push((say.unwrap(), stand.draw().lines().filter(|l| !l.is_empty()).count()));
    }
    let counts: Vec<_> = said.iter().map(|(_, n)| *n).collect();
    // All but trace; unknown goes with info; the marker is always there.
    assert_eq!(counts, [7, 6, 4, 3, 8], "{said:?}");
    stand.logs.set_input(Input::Filter, "nowhere").unwrap();
    stand.feed(vec![]);
    stand.logs.empty();
    stand.fill(1);
    stand.work();
    assert!(stand.draw().contains("none of 1 lines fits the filter nowhere"), "{}", stand.draw());
    assert_eq!(stand.act(Action::Cancel), Answer::done());
    assert!(stand.draw().contains("line 8"), "{}", stand.draw());
}

#[test]
fn searching_goes_up_from_the_page_and_both_ways_from_there() {
    let mut stand = Stand::api();
    stand.fill(1000);
    stand.logs.set_input(Input::Search, "line 5.0$").unwrap();
    stand.work();
    assert_eq!(stand.logs.hit, Some(590));
    assert!(stand.draw().contains("line 590"));
    stand.act(Action::SearchPrev);
    assert_eq!(stand.logs.hit, Some(580));
    stand.act(Action::SearchNext);
    stand.act(Action::SearchNext);
    assert_eq!(stand.logs.hit, Some(590));
    assert_eq!(stand.act(Action::SearchNext), Answer::Refused("no match further down".into()));
    assert!(stand.logs.set_input(Input::Search, "(").is_err());
    assert_eq!(stand.logs.input(Input::Search).as_deref(), Some("line 5.0$"));
    // Highlighted: the theme says how.
    let mut theme =
        crate::config::Library::default().theme("quarterdeck", crate::config::Depth::True).unwrap();
    std::mem::swap(&mut stand.theme, &mut theme);
    let area = Rect::new(0, 0, 80, 10);
    let mut buf = Buffer::empty(area);
    stand.with(|logs, scene| logs.render(scene, area, &mut buf));
    let style = stand.theme.style(Role::MatchCurrent);
    let row = (0..10).find(|y| (0..80).any(|x| buf.cell((x, *y)).unwrap().style().bg == style.bg)).unwrap();
    let text: String = (0..80).map(|x| buf.cell((x, row)).unwrap().symbol()).collect();
    assert!(text.contains("line 590"), "{text}");
    // Taking a search back takes the view back.
    stand.act(Action::Bottom);
    stand.act(Action::Cancel);
    stand.logs.set_input(Input::Search, "line 100$").unwrap();
    stand.work();
    assert_ne!(stand.logs.anchor, Anchor::Follow);
    stand.logs.set_input(Input::Search, "").unwrap();
    assert_eq!(stand.logs.anchor, Anchor::Follow);
}

#[test]
fn a_search_through_many_lines_is_done_in_slices() {
    let mut stand = Stand::api();
    stand.fill(100_000);
    stand.logs.set_input(Input::Search, "line 7$").unwrap();
    assert!(stand.status().contains("searching"));
    assert!(stand.work() >= 3);
    assert_eq!(stand.logs.hit, Some(7));
    stand.logs.set_input(Input::Search, "nowhere").unwrap();
    stand.work();
    assert!(stand.status().contains("nothing matches"), "{}", stand.status());
}

#[test]
fn a_line_keeps_its_own_colours_where_there_are_any() {
    let mut stand = Stand::api();
    let api = source("api-1");
    let style = SpanStyle { fg: Some(SpanColor::Indexed(2)), bold: true, ..SpanStyle::default() };
    let spans = [Span { start: 3, end: 8, style }].into();
    stand.feed(vec![Line { spans, ..line(&api, 1, Level::Info, "is green text") }]);
    let area = Rect::new(0, 0, 80, 10);
    let look = |stand: &mut Stand| {
        let mut buf = Buffer::empty(area);
        stand.with(|logs, scene| logs.render(scene, area, &mut buf));
        let cell = buf.cell((15 + 4, 0)).unwrap().clone();
        assert_eq!(cell.symbol(), "r");
        cell
    };
    let plain = look(&mut stand);
    assert_eq!(
        (plain.fg, plain.modifier),
        (Color::Reset, Modifier::BOLD),
        "a theme without colours keeps them out"
    );
    let library = crate::config::Library::default();
    stand.theme = library.theme("quarterdeck", crate::config::Depth::True).unwrap();
    assert_eq!(look(&mut stand).fg, Color::Indexed(2));
}

#[test]
fn what_is_shown_is_what_is_saved_and_copied() {
    let mut stand = Stand::api();
    assert!(matches!(stand.act(Action::SaveLogs), Answer::Refused(_)));
    assert!(matches!(stand.act(Action::CopyLogs), Answer::Refused(_)));
    stand.feed(some_lines());
    stand.logs.set_input(Input::Filter, "ECONN|slow").unwrap();
    let Answer::Done { effects, .. } = stand.act(Action::SaveLogs) else { panic!() };
    let [Effect::Save { stem, text, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(stem, "api-20261120-120000");
    let want = "2026-11-20 12:00:00.120 api-2 ERROR connect ECONNREFUSED host=10.0.3.7 port=5432\n\
                2026-11-20 12:00:00.140 api-2 WARN slow query took=812ms\n\
                2026-11-20 12:00:00.180 api-2 ✂ api-2 died: exit 1 after 2.1 s (7th restart)\n";
    assert_eq!(text, want);
    stand.act(Action::Json);
    let Answer::Done { effects, say } = stand.act(Action::CopyLogs) else { panic!() };
    let [Effect::Copy(text)] = &effects[..] else { panic!("{effects:?}") };
    assert!(text.contains(r#"{"level":"error","time":1,"#), "raw again: {text}");
    assert_eq!(say.as_deref(), Some("copied 3 lines"));
}

#[test]
fn an_empty_view_says_why() {
    let mut stand = Stand::api();
    assert!(stand.draw().contains("no line from api yet"));
    stand.act(Action::PreviousLogs);
    assert!(stand.draw().contains("nothing from the run of api before the current one"));
    let mut stand = Stand::new(Target::Service(service(Some("shop"), "db")));
    let drawn = stand.draw();
    assert!(drawn.contains("shop-db-1 is exited (exit 137, OOM), 5m ago"), "{drawn}");
    stand.fill(1);
    stand.act(Action::ClearLogs);
    assert!(stand.draw().contains("emptied; waiting for the next line of db"));
    let lost = crate::fleet::Link::Lost {
        why: "nothing answers at unix:///x".into(),
        remedy: "Start it.".into(),
        retry_in: std::time::Duration::from_secs(1),
    };
    stand.fleet.apply(crate::fleet::Observation::Link(lost));
    let drawn = stand.draw();
    assert!(drawn.contains("nothing answers") && drawn.contains("Start it."), "{drawn}");
}

#[test]
fn drops_and_lag_are_told() {
    let mut stand = Stand::api();
    assert!(stand.status().contains("lag 0  dropped 0"));
    let number = stand.logs.number;
    stand.logs.lines(
        number,
        &mut Batch { lines: Vec::new(), dropped: 1500, lag_ms: Some(2900), ..Batch::default() },
    );
    assert!(stand.status().contains("lag 2s  dropped 1.5k"), "{}", stand.status());
}

#[test]
fn a_frozen_view_outlives_its_lines() {
    let mut stand = Stand::api();
    stand.logs.store = LogStore::new(64 * 1024);
    stand.fill(500);
    stand.act(Action::Top);
    let seen = stand.draw();
    assert!(seen.contains("line 0"));
    for _ in 0..20 {
        stand.fill(2000);
    }
    let first = stand.logs.store.seqs().start;
    assert!(first > 500);
    assert!(stand.status().contains("older forgotten"), "{}", stand.status());
    // What stood there is gone; the oldest that are left take its place.
    assert!(stand.draw().contains(&format!("line {first}")), "{}", stand.draw());
    stand.act(Action::Down);
    stand.act(Action::PageUp);
    stand.draw();
}

#[test]
fn moving_about_looks_at_a_page_however_many_lines_there_are() {
    let mut stand = Stand::api();
    stand.fill(200_000);
    let looked = std::cell::Cell::new(0);
    let height = |_: &crate::logs::LineRef<'_>| {
        looked.set(looked.get() + 1);
        1
    };
    let store = &stand.logs.store;
    let top = window::last_page(store, 50, height);
    assert_eq!((top, looked.take()), (Place { seq: 199_950, row: 0 }, 50));
    let up = window::back(store, top, 49, height);
    assert_eq!((up, looked.take()), (Place { seq: 199_901, row: 0 }, 49));
    let down = window::forward(store, up, 49, height);
    assert_eq!((down, looked.take()), (top, 50));
    assert_eq!(window::back(store, Place { seq: 3, row: 0 }, 50, height), Place::default());
    assert_eq!(window::forward(store, top, 60, height).seq, 200_000);
}

#[test]
fn glyphs_of_ascii_terminals_in_markers() {
    let mut stand = Stand::api();
    stand.feed(some_lines());
    let mut scene = scene(&stand.fleet, &stand.theme, &stand.target);
    scene.look.glyphs = &Glyphs::ASCII;
    assert!(draw(&stand.logs, &scene, 80, 10).contains("-- api-2 died"));
}
