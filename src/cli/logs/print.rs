//! One log line as it leaves: text, JSON or raw. The hot path of `qd logs`.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::cli::args::LogFormat;
use crate::cli::exit::CliError;
use crate::cli::style::{Paint, RESET};
use crate::cli::{json, say};
use crate::config::{Glyphs, Role};
use crate::fleet::ReplicaId;
use crate::logs::{Level, Line, Stream};
use crate::text::human::{self, Clock};

/// Tags take turns through these.
const TAGS: [Role; 6] = [Role::Tag1, Role::Tag2, Role::Tag3, Role::Tag4, Role::Tag5, Role::Tag6];

/// How lines are printed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Text, JSON or raw.
    pub(super) format: LogFormat,
    /// Say where each line comes from.
    pub(super) tags: bool,
    /// Say when.
    pub(super) timestamps: bool,
    /// Times in UTC.
    pub(super) utc: bool,
}

/// Prints lines, and remembers how tags look.
pub(super) struct Printer {
    style: Style,
    paint: Paint,
    glyphs: &'static Glyphs,
    tags: HashMap<ReplicaId, Tag>,
    width: usize,
    roles: Roles,
}

/// One replica's tag, ready to be written.
struct Tag {
    text: Arc<str>,
    width: usize,
    begin: String,
}

/// The sequences of the roles a line may need, made once.
struct Roles {
    time: String,
    marker: String,
    warn: String,
    error: String,
    debug: String,
}

/// One line of `qd logs -o json`.
#[derive(Debug, Serialize, JsonSchema)]
struct LineJson<'a> {
    /// When it was written, RFC 3339 in UTC; null where the engine does not say.
    at: Option<JsonTime>,
    /// The project; null for a lone container.
    project: Option<&'a str>,
    /// The service.
    service: &'a str,
    /// The replica, as tags name it.
    replica: &'a str,
    /// The replica's id, in full.
    id: &'a str,
    /// `stdout`, `stderr`, or `marker`: a note of quarterdeck's own (died, started).
    stream: &'static str,
    /// `trace`, `debug`, `info`, `warn`, `error`, `fatal`; null where none was recognised.
    level: Option<&'static str>,
    /// The line, without escape sequences.
    text: &'a str,
    /// Whether it was too long and was cut.
    cut: bool,
}

/// A timestamp that schemars knows as text.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
struct JsonTime(#[schemars(with = "String")] Timestamp);

/// The JSON schema of a line.
pub(in crate::cli) fn schema() -> schemars::Schema {
    schemars::schema_for!(LineJson<'_>)
}

impl Printer {
    /// A printer of lines.
    pub(super) fn new(style: Style, paint: Paint, glyphs: &'static Glyphs) -> Self {
        let roles = Roles {
            time: paint.begin(Role::Time),
            marker: paint.begin(Role::Marker),
            warn: paint.begin(Role::LevelWarn),
            error: paint.begin(Role::LevelError),
            debug: paint.begin(Role::LevelDebug),
        };
        Self { style, paint, glyphs, tags: HashMap::new(), width: 0, roles }
    }

    /// Print one line.
    pub(super) fn print(&mut self, out: &mut impl Write, line: &Line) -> Result<(), CliError> {
        match self.style.format {
            LogFormat::Json => json::line(out, &as_json(line)),
            LogFormat::Raw if line.stream == Stream::Marker => {
                say(&format!("{} {}", line.source.tag, line.text));
                Ok(())
            }
            LogFormat::Raw => {
                out.write_all(line.text.as_bytes())?;
                Ok(out.write_all(b"\n")?)
            }
            LogFormat::Text => self.text(out, line),
        }
    }

    fn text(&mut self, out: &mut impl Write, line: &Line) -> Result<(), CliError> {
        if self.style.timestamps && line.at != 0 {
            let time = human::clock_ns(line.at, Clock::DateTime, self.style.utc);
            painted(out, &self.roles.time, &time)?;
            out.write_all(b" ")?;
        }
        if self.style.tags {
            self.tag(out, line)?;
        }
        if line.stream == Stream::Marker {
            painted(out, &self.roles.marker, self.glyphs.cut)?;
            out.write_all(b" ")?;
            painted(out, &self.roles.marker, &line.text)?;
        } else if self.paint.is_on() && !line.spans.is_empty() {
            self.spans(out, line)?;
        } else {
            let begin = match line.level {
                Level::Error | Level::Fatal => self.roles.error.as_str(),
                Level::Warn => &self.roles.warn,
                Level::Debug | Level::Trace => &self.roles.debug,
                Level::Info | Level::Unknown => "",
            };
            painted(out, begin, &line.text)?;
        }
        if line.cut {
            out.write_all(self.glyphs.ellipsis.as_bytes())?;
        }
        Ok(out.write_all(b"\n")?)
    }

    /// The line in the styles it asked for itself.
    fn spans(&self, out: &mut impl Write, line: &Line) -> Result<(), CliError> {
        let mut at = 0;
        for span in &line.spans {
            let (start, end) = (span.start as usize, span.end as usize);
            out.write_all(line.text.get(at..start).unwrap_or("").as_bytes())?;
            painted(out, &self.paint.begin_span(&span.style), line.text.get(start..end).unwrap_or(""))?;
            at = end;
        }
        Ok(out.write_all(line.text.get(at..).unwrap_or("").as_bytes())?)
    }

    fn tag(&mut self, out: &mut impl Write, line: &Line) -> Result<(), CliError> {
        let next = TAGS[self.tags.len() % TAGS.len()];
        let paint = &self.paint;
        let tag = match self.tags.get(&line.source.replica) {
            Some(tag) => tag,
            None => self.tags.entry(line.source.replica.clone()).or_insert_with(|| Tag {
                width: line.source.tag.width(),
                text: line.source.tag.clone(),
                begin: paint.begin(next),
            }),
        };
        self.width = self.width.max(tag.width);
        painted(out, &tag.begin, &tag.text)?;
        write!(out, "{:1$} {2} ", "", self.width - tag.width, self.glyphs.bar)?;
        Ok(())
    }
}

/// `text` between `begin` and reset; plain where there is no style.
fn painted(out: &mut impl Write, begin: &str, text: &str) -> Result<(), CliError> {
    if begin.is_empty() {
        return Ok(out.write_all(text.as_bytes())?);
    }
    out.write_all(begin.as_bytes())?;
    out.write_all(text.as_bytes())?;
    Ok(out.write_all(RESET.as_bytes())?)
}

fn as_json(line: &Line) -> LineJson<'_> {
    let at = (line.at != 0).then(|| Timestamp::from_nanosecond(line.at.into()).ok()).flatten();
    LineJson {
        at: at.map(JsonTime),
        project: line.source.service.project.as_deref(),
        service: &line.source.service.name,
        replica: &line.source.tag,
        id: &line.source.replica.id,
        stream: match line.stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
            Stream::Marker => "marker",
        },
        level: match line.level {
            Level::Unknown => None,
            Level::Trace => Some("trace"),
            Level::Debug => Some("debug"),
            Level::Info => Some("info"),
            Level::Warn => Some("warn"),
            Level::Error => Some("error"),
            Level::Fatal => Some("fatal"),
        },
        text: &line.text,
        cut: line.cut,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::fleet::{EngineId, ServiceId};
    use crate::logs::Source;
    use crate::text::{Span, SpanStyle};

    fn line(tag: &str, text: &str, stream: Stream) -> Line {
        let engine = EngineId::new("test");
        Line {
            source: Arc::new(Source {
                replica: ReplicaId { engine: engine.clone(), id: tag.into() },
                service: ServiceId { engine, project: Some("shop".into()), name: "api".into() },
                tag: tag.into(),
            }),
            at: 1_777_600_800_113_000_000,
            stream,
            level: Level::Error,
            text: text.into(),
            spans: Box::new([Span {
                start: 0,
                end: 2,
                style: SpanStyle { bold: true, ..SpanStyle::default() },
            }]),
            cut: false,
        }
    }

    fn printed(style: Style, lines: &[Line]) -> String {
        let mut printer = Printer::new(style, Paint::none(), &Glyphs::ASCII);
        let mut out = Vec::new();
        for line in lines {
            printer.print(&mut out, line).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    const STYLE: Style = Style { format: LogFormat::Text, tags: true, timestamps: false, utc: true };

    #[test]
    fn tags_stand_in_a_column_and_nothing_is_coloured() {
        let lines = [
            line("api-1", "one", Stream::Stdout),
            line("gateway-1", "two", Stream::Stderr),
            line("api-1", "gone", Stream::Marker),
        ];
        assert_eq!(printed(STYLE, &lines), "api-1 | one\ngateway-1 | two\napi-1     | -- gone\n");
    }

    #[test]
    fn times_are_in_utc_where_asked() {
        let style = Style { tags: false, timestamps: true, ..STYLE };
        assert_eq!(printed(style, &[line("a", "x", Stream::Stdout)]), "2026-05-01 02:00:00.113 x\n");
    }

    #[test]
    fn raw_is_the_text_alone() {
        let style = Style { format: LogFormat::Raw, ..STYLE };
        let lines = [line("a", "x", Stream::Stdout), line("a", "marker", Stream::Marker)];
        assert_eq!(printed(style, &lines), "x\n");
    }

    #[test]
    fn json_is_one_object_a_line_with_every_field() {
        let style = Style { format: LogFormat::Json, ..STYLE };
        let text = printed(style, &[line("a", "say \"hi\"", Stream::Stderr)]);
        let value: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(value["text"], "say \"hi\"");
        assert_eq!(value["at"], "2026-05-01T02:00:00.113Z");
        assert_eq!(value["stream"], "stderr");
        assert_eq!(value["level"], "error");
        let fields: Vec<&String> = value.as_object().unwrap().keys().collect();
        let schema = serde_json::to_value(schema()).unwrap();
        for field in fields {
            assert!(schema["properties"].get(field).is_some(), "{field} is not in the schema");
        }
    }
}
