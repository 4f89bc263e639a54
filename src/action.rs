//! **The** action table: every action's name, help and risk, once.
//!
//! Keymaps name actions from it, help and palette list it, the README's table is generated from
//! it. To add an action: add a line here, handle it in the console's `update`, bind it in
//! `keymaps/default.toml` (a test fails while an action has neither key nor reason).

/// What an action can do to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Risk {
    /// Changes the screen only.
    Safe,
    /// Changes the host; asks first.
    Change,
    /// Ends something: data or service can be lost; asks first, by typed name where protected.
    Dangerous,
}

/// Where help lists an action, and which keymap table binds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Everywhere.
    Global,
    /// Moving about in whatever has the focus.
    Move,
    /// The service grid.
    Grid,
    /// Changing services.
    Operate,
    /// The lower pane.
    Pane,
    /// The log view.
    Logs,
}

impl Group {
    /// All groups, in the order help lists them.
    pub const ALL: [Self; 6] = [Self::Global, Self::Move, Self::Grid, Self::Operate, Self::Pane, Self::Logs];

    /// Its title in help and README.
    pub fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Move => "Moving",
            Self::Grid => "Services",
            Self::Operate => "Operating",
            Self::Pane => "Lower pane",
            Self::Logs => "Logs",
        }
    }
}

macro_rules! actions {
    ($($variant:ident $name:literal $group:ident $risk:ident $command:expr, $doc:literal;)*) => {
        /// Everything a key or the palette can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $doc] $variant,)*
        }

        impl Action {
            /// Every action, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name, as keymaps and the palette spell it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One line of help.
            pub fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// Where help lists it.
            pub fn group(self) -> Group {
                match self { $(Self::$variant => Group::$group,)* }
            }

            /// What it can do to the host.
            pub fn risk(self) -> Risk {
                match self { $(Self::$variant => Risk::$risk,)* }
            }

            /// The headless command that does the same, e.g. `qd restart`; `None` for what only
            /// a screen can do.
            pub fn command(self) -> Option<&'static str> {
                match self { $(Self::$variant => $command,)* }
            }

            /// The action of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|a| a.name() == name)
            }
        }
    };
}

actions! {
    Quit "quit" Global Safe None, "Leave quarterdeck";
    Help "help" Global Safe None, "Show every key";
    Palette "palette" Global Safe None, "Type a command, with completion";
    Cancel "cancel" Global Safe None, "Close what is open; else clear filter, marks, cancel a job";
    Suspend "suspend" Global Safe None, "Suspend to the shell (fg brings it back)";
    Redraw "redraw" Global Safe None, "Draw the whole screen again";
    ToggleMouse "toggle-mouse" Global Safe None, "Mouse on or off (off lets the terminal select text)";
    OwnLog "own-log" Global Safe None, "quarterdeck's own log";
    Incidents "incidents" Global Safe Some("qd incidents"), "Incidents by the alert rules: acknowledge, silence, go to";
    AllPorts "all-ports" Global Safe Some("qd ports"), "All ports: who has which, who wants one in vain, who answers";
    Host "host" Global Safe Some("qd host"), "The machine: load, memory, pressure, disks, what the engine keeps";
    PickTheme "pick-theme" Global Safe Some("qd themes"), "Choose a theme, seen live";
    PickKeymap "pick-keymap" Global Safe Some("qd keys"), "Choose a keymap";

    Up "up" Move Safe None, "Up";
    Down "down" Move Safe None, "Down";
    Left "left" Move Safe None, "Left; fold the project or service";
    Right "right" Move Safe None, "Right; unfold the project or service";
    PageUp "page-up" Move Safe None, "A page up";
    PageDown "page-down" Move Safe None, "A page down";
    HalfPageUp "half-page-up" Move Safe None, "Half a page up";
    HalfPageDown "half-page-down" Move Safe None, "Half a page down";
    Top "top" Move Safe None, "To the first line";
    Bottom "bottom" Move Safe None, "To the last line; logs follow again";

    Open "open" Grid Safe None, "Open the row: unfold a project, go to the pane of a service";
    ToggleFold "toggle-fold" Grid Safe None, "Fold or unfold the row";
    FoldAll "fold-all" Grid Safe None, "Fold or unfold everything";
    Mark "mark" Grid Safe None, "Mark the row for a bulk action";
    MarkAll "mark-all" Grid Safe None, "Mark all rows the filter shows";
    ClearMarks "clear-marks" Grid Safe None, "Clear all marks";
    Filter "filter" Grid Safe None, "Filter: fuzzy, !inverse (logs: regex, !regex)";
    SortNext "sort-next" Grid Safe None, "Sort by the next column";
    SortReverse "sort-reverse" Grid Safe None, "Reverse the order";
    NextProblem "next-problem" Grid Safe None, "To the next row that is not well";
    ToggleStopped "toggle-stopped" Grid Safe None, "Show or hide stopped services and jobs";
    CopyName "copy-name" Grid Safe None, "Copy the row's name (OSC 52)";
    Acknowledge "acknowledge" Grid Safe Some("qd incidents ack"), "Acknowledge the row's incident, with a note (read-only too: only the journal changes)";
    Silence "silence" Grid Safe Some("qd silence"), "Silence the row's incidents for a while (read-only too)";

    Start "start" Operate Change Some("qd start"), "Start";
    Stop "stop" Operate Dangerous Some("qd stop"), "Stop gracefully";
    Restart "restart" Operate Change Some("qd restart"), "Restart";
    Pause "pause" Operate Change Some("qd pause"), "Pause: freeze the processes";
    Unpause "unpause" Operate Change Some("qd unpause"), "Unpause";
    Kill "kill" Operate Dangerous Some("qd kill"), "Kill: SIGKILL, no grace";
    Remove "remove" Operate Dangerous Some("qd rm"), "Remove the containers (volumes stay)";
    Scale "scale" Operate Change Some("qd scale"), "Scale: run so many replicas";
    Deploy "deploy" Operate Change Some("qd deploy"), "Deploy another image, or the same one anew";
    Rollback "rollback" Operate Change Some("qd rollback"), "Roll back to an image it ran before";
    Recreate "recreate" Operate Change Some("qd recreate"), "Recreate: same image and settings, new replicas";
    Limit "limit" Operate Change Some("qd limit"), "Set limits of CPU and memory";
    ProjectUp "project-up" Operate Change Some("qd up"), "Start the project in dependency order";
    ProjectDown "project-down" Operate Dangerous Some("qd down"), "Stop the project in reverse order (containers stay)";
    Unfinished "unfinished" Operate Change Some("qd finish, qd undo"), "Finish or undo what was left in the middle";
    Shell "shell" Operate Change None, "A shell in the container";

    FocusNext "focus-next" Pane Safe None, "Focus between grid and pane";
    Fullscreen "fullscreen" Pane Safe None, "The focused half on the whole screen, and back";
    TogglePane "toggle-pane" Pane Safe None, "Show or hide the lower pane";
    GrowPane "grow-pane" Pane Safe None, "A taller pane";
    ShrinkPane "shrink-pane" Pane Safe None, "A lower pane";
    NextTab "next-tab" Pane Safe None, "The next tab";
    PrevTab "prev-tab" Pane Safe None, "The tab before";
    TabLogs "logs" Pane Safe Some("qd logs"), "Logs of the row";
    TabStats "stats" Pane Safe Some("qd status"), "Charts of usage";
    TabHealth "health" Pane Safe Some("qd inspect"), "Health check history and outputs";
    TabPorts "ports" Pane Safe Some("qd inspect"), "Ports";
    TabConfig "config" Pane Safe Some("qd inspect"), "Config: env, mounts, networks, labels, limits";
    TabTimeline "timeline" Pane Safe Some("qd journal"), "Timeline: operations, restarts, health, who did what";
    TabTree "tree" Pane Safe Some("qd tree"), "Who needs whom, what a service takes with it (left/right: the other way)";
    PostMortem "post-mortem" Pane Safe Some("qd postmortem"), "Why it died: cause, log, usage and changes before";
    Reveal "reveal" Pane Safe Some("qd inspect --reveal"), "Show masked values of the config tab (asks; is written down), or mask them again";
    PreviousLogs "previous-logs" Pane Safe Some("qd logs --previous"), "Logs of the run before the last restart";

    Search "search" Logs Safe Some("qd logs --grep"), "Search in the logs, highlighted";
    SearchNext "search-next" Logs Safe None, "To the next match";
    SearchPrev "search-prev" Logs Safe None, "To the match before";
    Follow "follow" Logs Safe Some("qd logs --follow"), "Follow the end, or freeze";
    Timestamps "timestamps" Logs Safe None, "Time stamps: off, time, date and time";
    TimeZone "time-zone" Logs Safe None, "Local time or UTC";
    Wrap "wrap" Logs Safe None, "Wrap long lines";
    Json "json" Logs Safe None, "JSON lines flattened, or raw";
    MinLevel "min-level" Logs Safe Some("qd logs --level"), "Raise the minimum level, round to all";
    ClearLogs "clear-logs" Logs Safe None, "Empty the log view";
    SaveLogs "save-logs" Logs Safe Some("qd logs >FILE"), "Save the shown lines to a file (timeline: Markdown)";
    CopyLogs "copy-logs" Logs Safe None, "Copy the shown lines (OSC 52)";
    WidenLogs "widen-logs" Logs Safe None, "Logs of the whole service, project, everything";
}

#[cfg(test)]
mod tests {
    use super::Action;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_found_again() {
        let mut seen = HashSet::new();
        for &action in Action::ALL {
            assert!(seen.insert(action.name()), "{} twice", action.name());
            assert_eq!(Action::from_name(action.name()), Some(action));
        }
    }
}
