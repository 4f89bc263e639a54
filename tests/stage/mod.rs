//! A console over the demo world, without a terminal, an engine or a clock: keys in, screens and
//! effects out. The world is deterministic, so are the screens.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod deploy;
pub mod duty;
pub mod postmortem;

use std::collections::HashMap;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};
use quarterdeck::config::{Chord, Depth, Glyphs, Library, Settings};
use quarterdeck::console::dialog::Past;
use quarterdeck::console::model::{Choice, Model, Skin, Start};
use quarterdeck::console::{Effect, Msg, Recording, draw, settle, update};
use quarterdeck::engine::demo::{Platform, World};
use quarterdeck::engine::{Done, EngineError};
use quarterdeck::engine::{LogQuery, TermSize};
use quarterdeck::fleet::{HostUsage, Link, Observation, Reach, ReplicaId, ServiceId, State};
use quarterdeck::follow::{Batch, Subject};
use quarterdeck::journal::OperationRecord;
use quarterdeck::logs::{Line, Source, Stream, level};
use quarterdeck::operate::{
    Direction, End, Outcome, PlannedStep, Progress, Seat, StepOutcome, Unit, Work, query,
};
use quarterdeck::probe::Answers;
use quarterdeck::text::sanitize;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub const SMALL: TermSize = TermSize { cols: 80, rows: 24 };
pub const MEDIUM: TermSize = TermSize { cols: 120, rows: 40 };
pub const LARGE: TermSize = TermSize { cols: 200, rows: 50 };

pub struct Stage {
    pub model: Model,
    pub world: World,
    pub now: Timestamp,
    /// Every effect so far that was not carried out here.
    pub effects: Vec<Effect>,
    /// Surveys are not answered.
    pub hold: bool,
    /// What the journal says is unfinished.
    pub left: Vec<OperationRecord>,
    /// Who asks the alert rules, where somebody does.
    pub duty: Option<duty::Duty>,
}

pub fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

impl Stage {
    /// The group-buying fleet, seen for the first time.
    pub fn new(size: TermSize) -> Self {
        Self::with(size, Settings::default())
    }

    pub fn with(size: TermSize, settings: Settings) -> Self {
        let mut stage = Self::unreached(size, settings);
        stage.reach();
        stage
    }

    /// Before the engine has said anything.
    pub fn unreached(size: TermSize, mut settings: Settings) -> Self {
        settings.ui.utc = true;
        let library = Library::default();
        let choice = |l: quarterdeck::config::Listed| Choice { name: l.name, doc: l.doc };
        let skin = Skin {
            theme: library.theme(&settings.ui.theme, Depth::True).unwrap(),
            keymap: library.keymap(&settings.ui.keymap).unwrap(),
            glyphs: Glyphs::UNICODE,
            utc: true,
        };
        let now = noon();
        let world = World::new("group-buying".parse::<Platform>().unwrap(), None, 7, now);
        let model = Model::new(Start {
            settings,
            skin,
            themes: library.themes().into_iter().map(choice).collect(),
            keymaps: library.keymaps().into_iter().map(choice).collect(),
            endpoint: world.endpoint(),
            demo: true,
            recording: Recording::On,
            seat: Seat::default(),
            size,
            now,
        });
        let mut stage =
            Self { model, world, now, effects: Vec::new(), hold: false, left: Vec::new(), duty: None };
        stage.settle();
        stage
    }

    /// The engine answers.
    pub fn reach(&mut self) {
        self.tell(Observation::Engine(self.world.info()));
        self.tell(Observation::Synced {
            at: self.now,
            engine: self.world.engine().clone(),
            replicas: self.world.replicas(),
        });
        for past in self.world.past() {
            self.tell(past);
        }
        self.tell(Observation::Host(HostUsage {
            cpu: Some(0.34),
            cores: Some(8),
            memory: Some(6 << 30),
            memory_total: Some(15 << 30),
            disk: Some(71),
            disk_total: Some(100),
            load1: Some(1.5),
            ..HostUsage::default()
        }));
        self.tell(Observation::Link(Link::Live));
        self.settle();
    }

    pub fn tell(&mut self, observation: Observation) {
        self.send(Msg::Observed(observation));
    }

    pub fn send(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg);
        self.carry_out(effects);
    }

    pub fn settle(&mut self) {
        let effects = settle(&mut self.model);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        let library = Library::default();
        for effect in effects {
            match effect {
                Effect::LoadTheme(name) => {
                    let theme = library.theme(&name, Depth::True);
                    self.send(Msg::Theme(theme.map(Box::new).map_err(|e| e.to_string())));
                }
                Effect::LoadKeymap(name) => {
                    let keymap = library.keymap(&name);
                    self.send(Msg::Keymap(keymap.map(Box::new).map_err(|e| e.to_string())));
                }
                Effect::Inspect(id) => {
                    let result = self.world.inspect(&id);
                    self.send(Msg::Inspected(id, Box::new(result)));
                }
                Effect::Survey(number, intent) if !self.hold => {
                    let query = query(&intent, &self.model.fleet).unwrap_or_default();
                    let survey = Ok(self.world.survey(&query));
                    self.send(Msg::Surveyed(number, "k7x2p".into(), Box::new(survey)));
                }
                Effect::Revisions(number, service) => {
                    let history = self.world.history().into_iter().filter(|r| r.service == service);
                    let by = |n: u32| {
                        if n.is_multiple_of(2) { "ada (operation 12)".to_owned() } else { String::new() }
                    };
                    let mut past: Vec<Past> =
                        history.map(|revision| Past { by: by(revision.number), revision }).collect();
                    past.reverse();
                    self.send(Msg::Revisions(number, Ok(past)));
                }
                Effect::Listeners => {
                    let listeners = Ok(self.world.listeners());
                    self.send(Msg::Listeners(listeners));
                }
                Effect::Answers => {
                    let answers = self.answers();
                    self.send(Msg::Answers(answers));
                }
                Effect::Storage => {
                    let storage = Ok(self.world.storage());
                    self.send(Msg::Storage(storage));
                }
                Effect::Unfinished => {
                    let left = self.left.clone();
                    self.send(Msg::Unfinished(Ok(left)));
                }
                Effect::Follow { number, ref subject, .. } => {
                    let lines = self.lines(subject);
                    self.send(Msg::Lines(number, Batch { lines, ..Batch::default() }));
                    self.effects.push(effect);
                }
                other => {
                    let now = self.now;
                    let left = match &mut self.duty {
                        Some(duty) => duty.see_to(other, now),
                        None => Some(other),
                    };
                    if left.is_none() {
                        self.look();
                    }
                    self.effects.extend(left);
                }
            }
        }
    }

    /// Which ports of the world's replicas are answered at.
    fn answers(&self) -> Answers {
        let mut answers = Answers::new();
        for replica in self.world.replicas().into_iter().filter(|it| it.state == State::Running) {
            for port in &replica.ports {
                let answer = self.world.answer(&replica.id, port.container, None);
                let silent = || Reach::Silent("connection refused".into());
                let reach = answer.map_or_else(silent, |it| Reach::Answers(it.took));
                answers.insert((replica.id.clone(), port.container), reach);
            }
        }
        answers
    }

    /// The last lines of a subject's replicas, merged by time.
    fn lines(&self, subject: &Subject) -> Vec<Line> {
        let query = LogQuery { tail: Some(30), ..LogQuery::default() };
        let mut lines = Vec::new();
        for replica in self.world.replicas().iter().filter(|r| subject.covers(r)) {
            let source = Arc::new(Source {
                replica: replica.id.clone(),
                service: replica.service.clone(),
                tag: format!("{}-{}", replica.service.name, replica.number.unwrap_or(1)).into(),
            });
            for line in self.world.logs(&replica.id, &query).unwrap() {
                let clean = sanitize::line(line.text.as_bytes());
                lines.push(Line {
                    source: source.clone(),
                    at: line.at.as_nanosecond() as i64,
                    stream: if line.stderr { Stream::Stderr } else { Stream::Stdout },
                    level: level::detect(&clean.text),
                    text: clean.text,
                    spans: clean.spans,
                    cut: clean.cut,
                });
            }
        }
        lines.sort_by_key(|l| l.at);
        lines
    }

    /// Time passes, and the world lives.
    pub fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.now += SignedDuration::from_secs(1);
            self.send(Msg::Now(self.now));
            for observation in self.world.advance(self.now) {
                self.tell(observation);
            }
            self.settle();
            self.look();
        }
    }

    /// Keys as a keymap writes them, one after the other: `j`, `g g`, `ctrl-d`, `enter`.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for chord in Chord::parse_sequence(keys).unwrap() {
            self.send(Msg::Key(KeyEvent::new(chord.code, chord.modifiers)));
            self.settle();
        }
        self
    }

    /// Text, letter by letter.
    pub fn write(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
            self.settle();
        }
        self
    }

    /// A command in the palette.
    pub fn command(&mut self, text: &str) -> &mut Self {
        self.keys(":").write(text).keys("enter")
    }

    pub fn click(&mut self, column: u16, row: u16) {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row);
    }

    pub fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        self.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        self.settle();
    }

    /// Carry out the jobs asked for so far, in the world; says how many there were.
    pub fn work(&mut self) -> usize {
        let (jobs, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.effects).into_iter().partition(|e| matches!(e, Effect::Run(..)));
        self.effects = rest;
        let count = jobs.len();
        for job in jobs {
            let Effect::Run(job, plan, _) = job else { continue };
            let (mut steps, mut made) = (Vec::new(), HashMap::new());
            for planned in &plan.steps {
                self.send(Msg::Job(Progress::Began {
                    job,
                    number: planned.number,
                    direction: Direction::Forward,
                    name: planned.name.clone(),
                }));
                let result = self.perform(planned, &made);
                if let Ok(Done::Made(id)) = &result {
                    made.insert(planned.number, id.clone());
                }
                let (number, direction) = (planned.number, Direction::Forward);
                let outcome = StepOutcome { number, direction, step: planned.clone(), result };
                self.send(Msg::Job(Progress::Ended { job, outcome: outcome.clone() }));
                steps.push(outcome);
            }
            let failed = steps.iter().find_map(|s| s.result.as_ref().err()).map(ToString::to_string);
            let outcome = Outcome {
                intent: plan.intent,
                services: plan.services,
                end: failed.map_or(End::Done, |why| End::Failed { why }),
                steps,
                images: Vec::new(),
                advice: Vec::new(),
                operation: None,
                took: std::time::Duration::from_millis(2100),
            };
            self.send(Msg::Job(Progress::Finished { job, outcome }));
        }
        self.settle();
        count
    }

    fn perform(
        &mut self,
        planned: &PlannedStep,
        made: &HashMap<u32, ReplicaId>,
    ) -> Result<Done, EngineError> {
        let Work::Step(step) = &planned.work else { return Ok(Done::Unchanged) };
        let step = step.clone().named(|unit| match unit {
            Unit::Is(id) => Ok(id),
            Unit::Made(step) => made.get(&step).cloned().ok_or(EngineError::Interrupted),
        });
        self.world.perform(&step?, self.now).result
    }

    pub fn draw(&self) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, self.model.size.cols, self.model.size.rows));
        draw(&self.model, &mut buf);
        buf
    }

    /// The screen as text, blanks at line ends cut.
    pub fn screen(&self) -> String {
        let buf = self.draw();
        let mut text = String::new();
        for y in 0..buf.area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < buf.area.width {
                let symbol = buf[(x, y)].symbol();
                line.push_str(symbol);
                x += (unicode_width::UnicodeWidthStr::width(symbol) as u16).max(1);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    pub fn line(&self, row: u16) -> String {
        self.screen().lines().nth(usize::from(row)).unwrap_or_default().to_owned()
    }

    /// The footer.
    pub fn foot(&self) -> String {
        self.line(self.model.size.rows - 1)
    }

    /// The first screen line that holds `text`, with its number.
    pub fn find(&self, text: &str) -> Option<(u16, String)> {
        let screen = self.screen();
        let (row, line) = screen.lines().enumerate().find(|(_, l)| l.contains(text))?;
        Some((row as u16, line.to_owned()))
    }

    pub fn service(&self, name: &str) -> ServiceId {
        self.model.fleet.services().map(|s| s.id.clone()).find(|id| &*id.name == name).unwrap()
    }

    /// The selected row's name.
    pub fn selected(&self) -> String {
        use quarterdeck::console::pane::Target;
        match self.model.grid.selected() {
            None => "nothing".to_owned(),
            Some(Target::Project(project)) => format!("project {}", project.as_deref().unwrap_or("none")),
            Some(Target::Service(id)) => id.name.to_string(),
            Some(Target::Replica(id)) => {
                self.model.fleet.replica(id).map_or_else(|| "gone".to_owned(), |r| r.name.to_string())
            }
        }
    }

    /// Go to a service.
    pub fn at(&mut self, name: &str) -> &mut Self {
        self.command(&format!("goto {name}"));
        assert_eq!(self.selected(), name);
        self
    }

    pub fn asked_to_run(&self) -> usize {
        self.effects.iter().filter(|e| matches!(e, Effect::Run(..))).count()
    }
}
