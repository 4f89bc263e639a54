//! The machine in words and figures: what the console's host page and `qd host` print. Pure.

use super::super::widget::text;
use super::DiskAsk;
use crate::config::Role;
use crate::engine::{Disk, DiskUse, Pile, Storage};
use crate::fleet::{EngineInfo, HostUsage, Strain, disk_strain};
use crate::text::human;

/// A line of words in roles.
pub type Row = Vec<(Role, String)>;

/// Columns of a figure's name.
const NAME: usize = 9;
/// The widest mount point shown in full, columns.
const MOUNT: usize = 28;

/// What is known of the machine.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The engine on it.
    pub engine: Option<&'a EngineInfo>,
    /// Its own figures; `None` where they can't be read from here.
    pub usage: Option<&'a HostUsage>,
    /// Its disks; `None` before they were read; else why they can't be.
    pub storage: Option<&'a Result<Storage, String>>,
    /// What the engine's own objects take.
    pub disk: &'a DiskAsk,
    /// How to ask for that: `u adds up`, `--disk adds up`.
    pub how: &'a str,
    /// What stands for what does not fit.
    pub ellipsis: &'a str,
}

fn role(strain: Strain) -> Role {
    match strain {
        Strain::None => Role::Text,
        Strain::Warn => Role::Warn,
        Strain::Bad => Role::Bad,
    }
}

/// The whole page, as rows at most `cols` wide.
pub fn sheet(facts: &Facts<'_>, cols: usize) -> Vec<Row> {
    let mut rows = figures(facts, cols);
    if facts.engine.is_some() {
        rows.push(Vec::new());
        rows.extend(disks(facts, cols));
    }
    rows.push(Vec::new());
    rows.extend(engine_use(facts.disk, facts.how, cols));
    rows
}

/// A sentence as long as it is, beside its name.
fn sentence(name: &str, role: Role, words: &str, cols: usize) -> Vec<Row> {
    let room = cols.saturating_sub(NAME + 1).max(1);
    let parts = text::wrap(words, room, true);
    let row = |(i, part): (usize, std::ops::Range<usize>)| {
        named(if i == 0 { name } else { "" }, vec![(role, words[part].trim_end().to_owned())])
    };
    parts.into_iter().enumerate().map(row).collect()
}

fn named(name: &str, mut words: Row) -> Row {
    words.insert(0, (Role::Dim, format!("{name:<NAME$} ")));
    words
}

fn percent(share: f64) -> String {
    human::percent(share as f32)
}

fn figures(facts: &Facts<'_>, cols: usize) -> Vec<Row> {
    let Some(usage) = facts.usage else {
        let why = match facts.engine {
            None => "no engine has answered yet: nothing is known of its machine",
            Some(engine) if engine.local => "no figures of it yet",
            Some(_) => "its figures can't be read from here: the engine is on another machine",
        };
        let told = facts.engine.and_then(|it| Some((it.cpus?, it.memory?)));
        let mut rows = sentence("machine", Role::Dim, why, cols);
        rows.extend(told.map(|(cpus, memory)| {
            let words = format!("{cpus} cores, {} of memory", human::bytes(memory));
            named("it has", vec![(Role::Text, words)])
        }));
        return rows;
    };
    let missing = || vec![(Role::Dim, "not readable".to_owned())];
    let of =
        |used: Option<u64>, all: Option<u64>, share: Option<f64>, strain: Strain| match (used, all, share) {
            (Some(used), Some(all), Some(share)) => {
                let words = format!("{:>4}  {} of {}", percent(share), human::bytes(used), human::bytes(all));
                vec![(role(strain), words)]
            }
            _ => missing(),
        };
    let cores = usage.cores.map_or_else(String::new, |n| format!("  of {n} cores"));
    let cpu =
        usage.cpu.map_or_else(missing, |it| vec![(Role::Text, format!("{:>4}{cores}", human::percent(it)))]);
    let loads: Vec<String> =
        [usage.load1, usage.load5, usage.load15].into_iter().flatten().map(|it| format!("{it:.2}")).collect();
    let load = if loads.is_empty() {
        missing()
    } else {
        let each = usage.load_per_core().map_or_else(String::new, |it| format!("  {it:.2} a core"));
        vec![(role(usage.load_strain()), loads.join("  ")), (Role::Dim, format!("  over 1, 5, 15 min{each}"))]
    };
    let swap = match usage.swap_total {
        Some(0) => vec![(Role::Dim, "none".to_owned())],
        total => of(usage.swap, total, usage.swap_share(), usage.swap_strain()),
    };
    let waits = if usage.pressure.is_known() {
        let part = |(what, share, strain): (&str, f32, Strain)| {
            (role(strain), format!("{what} {}  ", human::percent(share)))
        };
        let mut words: Row = usage.pressure.parts().map(part).collect();
        words.push((Role::Dim, "of the last 10 s waited for".to_owned()));
        words
    } else {
        let why = "this kernel does not tell (/proc/pressure: CONFIG_PSI, or boot with psi=1)";
        vec![(Role::Dim, why.to_owned())]
    };
    vec![
        named("cpu", cpu),
        named("load", load),
        named("memory", of(usage.memory, usage.memory_total, usage.memory_share(), usage.memory_strain())),
        named("swap", swap),
        named("pressure", waits),
    ]
}

fn disks(facts: &Facts<'_>, cols: usize) -> Vec<Row> {
    let storage = match facts.storage {
        None => return vec![vec![(Role::Dim, "disks are being read".to_owned())]],
        Some(Err(why)) => return sentence("disks", Role::Dim, why, cols),
        Some(Ok(storage)) => storage,
    };
    let widest = storage.disks.iter().map(|disk| text::width(&disk.mount)).max().unwrap_or(0);
    let mount = widest.clamp(5, MOUNT);
    let head =
        format!("{:<mount$}  {:>4} {:>5} {:>5} {:>6}  HOLDS", "DISK", "USED", "FREE", "SIZE", "INODES");
    let mut rows = vec![vec![(Role::Title, head)]];
    rows.extend(storage.disks.iter().map(|disk| self::disk(disk, mount, cols, facts.ellipsis)));
    if !storage.unseen.is_empty() {
        let words = format!("can't be seen from here: {}", storage.unseen.join(", "));
        rows.push(vec![(Role::Dim, text::clip(&words, cols, facts.ellipsis))]);
    }
    rows
}

fn disk(disk: &Disk, mount: usize, cols: usize, ellipsis: &str) -> Row {
    let name = text::clip_start(&disk.mount, mount, ellipsis);
    let pad = " ".repeat(mount.saturating_sub(text::width(&name)));
    let share = |used: u64, all: u64| (all > 0).then(|| used as f64 / all as f64);
    let mut row = vec![(Role::Text, format!("{name}{pad}  "))];
    match disk.space {
        None => row.push((Role::Warn, format!("{:<24}", "does not answer"))),
        Some(space) => {
            let used = share(space.used, space.total);
            // What can't be written to is not filling up.
            let strain = used.filter(|_| !disk.read_only).map_or(Strain::None, disk_strain);
            row.push((role(strain), format!("{:>4}", used.map_or_else(|| "-".to_owned(), percent))));
            let sizes = format!(" {:>5} {:>5}", human::bytes(space.free), human::bytes(space.total));
            row.push((Role::Text, sizes));
            let inodes = space.inodes.and_then(|(used, all)| share(used, all));
            let strain = inodes.filter(|_| !disk.read_only).map_or(Strain::None, disk_strain);
            row.push((role(strain), format!(" {:>6}", inodes.map_or_else(|| "-".to_owned(), percent))));
        }
    }
    let room = cols.saturating_sub(mount + 2 + 24 + 2);
    let ro = if disk.read_only { ", read-only" } else { "" };
    let words = format!("{}  ({} {}{ro})", disk.words(), disk.kind, disk.source);
    row.push((Role::Dim, format!("  {}", text::clip(&words, room, ellipsis))));
    row
}

fn engine_use(ask: &DiskAsk, how: &str, cols: usize) -> Vec<Row> {
    let told = match ask {
        DiskAsk::Not => {
            let words = format!("{how} what images, containers, volumes and build cache take");
            return sentence("engine", Role::Dim, &words, cols);
        }
        DiskAsk::Asked => {
            let words = "adding up what it keeps; esc gives up".to_owned();
            return vec![named("engine", vec![(Role::Info, words)])];
        }
        DiskAsk::Failed(why) => return sentence("engine", Role::Bad, why, cols),
        DiskAsk::Told(told) => told,
    };
    let mut rows = vec![vec![(
        Role::Title,
        format!(
            "{:<16} {:>6} {:>6} {:>6} {:>12}",
            "THE ENGINE KEEPS", "COUNT", "IN USE", "SIZE", "RECLAIMABLE"
        ),
    )]];
    let line = |name: &str, pile: &Pile| {
        let part = if pile.size > 0 { pile.reclaimable as f64 / pile.size as f64 } else { 0.0 };
        let reclaim = format!("{} {:>4}", human::bytes(pile.reclaimable), percent(part));
        vec![(
            Role::Text,
            format!(
                "{name:<16} {:>6} {:>6} {:>6} {reclaim:>12}",
                pile.count,
                pile.active,
                human::bytes(pile.size)
            ),
        )]
    };
    rows.extend(told.piles().iter().map(|(name, pile)| line(name, pile)));
    let all = Pile {
        count: told.piles().iter().map(|(_, pile)| pile.count).sum(),
        active: told.piles().iter().map(|(_, pile)| pile.active).sum(),
        size: told.size(),
        reclaimable: told.reclaimable(),
    };
    rows.push(line("together", &all));
    rows.push(dangling(told));
    rows
}

fn dangling(told: &DiskUse) -> Row {
    if told.dangling.count == 0 {
        return vec![(Role::Dim, "no dangling images".to_owned())];
    }
    let (count, size) = (told.dangling.count, human::bytes(told.dangling.size));
    let noun = if count == 1 { "image is" } else { "images are" };
    vec![(Role::Dim, format!("{count} of the {noun} dangling: no name, no container, {size}"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(engine: Option<&EngineInfo>, disk: &DiskAsk, cols: usize) -> Vec<String> {
        let facts = Facts { engine, usage: None, storage: None, disk, how: "u adds up", ellipsis: "…" };
        sheet(&facts, cols).iter().map(|row| row.iter().map(|(_, words)| words.as_str()).collect()).collect()
    }

    #[test]
    fn without_an_engine_nothing_is_claimed_of_its_machine() {
        let said = page(None, &DiskAsk::Not, usize::MAX).join("\n");
        assert!(said.contains("no engine has answered yet"), "{said}");
        assert!(!said.contains("another machine") && !said.contains("being read"), "{said}");
        let local = EngineInfo { local: true, ..EngineInfo::default() };
        let said = page(Some(&local), &DiskAsk::Not, usize::MAX).join("\n");
        assert!(said.contains("no figures of it yet") && said.contains("being read"), "{said}");
        let far = page(Some(&EngineInfo::default()), &DiskAsk::Not, usize::MAX).join("\n");
        assert!(far.contains("another machine"), "{far}");
    }

    #[test]
    fn a_sentence_is_told_whole_in_any_width() {
        let why = "no engine at unix:///run/x.sock: there is no such socket. Is Docker installed here?";
        for cols in [30, 60, 76] {
            let rows = page(None, &DiskAsk::Failed(why.into()), cols);
            assert!(rows.iter().all(|row| text::width(row) <= cols), "{cols}: {rows:?}");
            let words = rows.join(" ");
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(why), "{cols}: {words}");
        }
    }
}
