//! The settings page "Storage": how much room is taken and by whom, and what garbage collection can give back.

use kamld_sdk::{
    format, row,
    storage::{
        collection::{Report, Schedule},
        space::{Share, Usage},
    },
    view::{self, Align, Column, Gap, Icon, Node, Rows, Size, ValueType, View, Weight, at, do_},
};

pub struct Room {
    pub usage: Usage,
    /// By name.
    pub shares: Vec<Share>,
    /// Only admins see it.
    pub collection: Option<Collection>,
}

pub struct Collection {
    pub schedule: Schedule,
    /// The last dry run that nothing was collected after.
    pub checked: Option<Report>,
    pub last: Option<Report>,
}

impl Room {
    pub fn view(&self) -> View {
        let view = View::new().show(Node::from(self.numbers()).named("numbers"));
        let view = view.show(Node::from(self.projects()).named("projects"));
        match &self.collection {
            Some(collection) => collection.show_in(view),
            None => view,
        }
    }

    fn numbers(&self) -> view::Grid {
        let Usage { logical, stored, capacity, free } = self.usage;
        let number = |label: &str, bytes: u64| view::stat(label, bytes).r#type(ValueType::Bytes);
        let mut grid = view::grid()
            .cell(Size::Small)
            .show(number("Your data", logical).note("Each asset as it stands, counted alone"))
            .show(number("On disk", stored).note("Everything, with history; equal files once"));
        if let Some(free) = free {
            let free = number("Free", free);
            grid = grid.show(match capacity {
                Some(capacity) => free.note(format!("Of {}", format::bytes(capacity))),
                None => free,
            });
        }
        grid
    }

    fn projects(&self) -> view::Section {
        let count = |key, label| Column::new(key, label).r#type(ValueType::Count).align(Align::End);
        let mut rows = Rows::new([
            Column::new("name", "Project").open(true),
            count("datasets", "Datasets"),
            count("models", "Models"),
            count("files", "Files"),
            Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End),
            Column::new("share", "Share").align(Align::End),
        ])
        .empty("No projects yet");
        let mut shares: Vec<_> = self.shares.iter().collect();
        shares.sort_by_key(|share| std::cmp::Reverse(share.size));
        let total = shares.iter().map(|share| share.size).sum::<u64>().max(1);
        for Share { project, datasets, models, objects, size } in shares {
            rows.push(row![project, datasets, models, objects, size, format::percent(*size, total)]);
            rows.lead(at(project.as_str()));
        }
        view::section("By project").show(view::Table::from(rows).label("Projects by size"))
    }
}

impl Collection {
    fn show_in(&self, view: View) -> View {
        let mut section = view::section("Free up space").note(self.how());
        let free = self.checked.as_ref().filter(|report| report.freed_bytes > 0);
        let buttons = view::row().gap(Gap::Small);
        section = section.show(match free {
            Some(report) => buttons
                .show(
                    view::button(format!("Free {}", format::bytes(report.freed_bytes)), do_("collect"))
                        .weight(Weight::Primary)
                        .icon(Icon::Delete),
                )
                .show(view::button("Check again", do_("check-garbage")).icon(Icon::Refresh)),
            None => buttons.show(view::button("Check what can be freed", do_("check-garbage")).icon(Icon::Search)),
        });
        section = section.show(self.runs());
        let view = view.show(Node::from(section).named("collection"));
        let known = self.checked.as_ref().or(self.last.as_ref());
        view.show_some(free.map(|report| Node::from(freed(report)).named("freed"))).show_some(
            known.filter(|report| report.held_count > 0).map(|report| Node::from(held(report)).named("held")),
        )
    }

    fn how(&self) -> String {
        let Schedule { every_minutes, grace_hours, bin_days } = self.schedule;
        let every = match every_minutes {
            0 => "The server does this only when you ask.".to_owned(),
            minutes => format!("The server does this by itself every {} when idle.", time(minutes)),
        };
        let bin = format::counted(bin_days, "day", "days");
        let grace = format::counted(grace_hours, "hour", "hours");
        format!("{every} Removed assets and branches are kept for {bin}, everything else for {grace}.")
    }

    fn runs(&self) -> view::Table {
        let mut rows = Rows::new([
            Column::new("what", "Run"),
            Column::new("when", "When").r#type(ValueType::Time),
            Column::new("result", "Result"),
        ])
        .empty("Not run since the server started");
        if let Some(report) = &self.checked {
            let found = match report.freed_bytes {
                0 => "Nothing to free".to_owned(),
                bytes => format!("{} can be freed", format::bytes(bytes)),
            };
            rows.push(row!["Check", report.ended, found]);
        }
        if let Some(report) = &self.last {
            rows.push(row!["Collection", report.ended, format!("Freed {}", format::bytes(report.freed_bytes))]);
        }
        view::Table::from(rows).label("Last runs")
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Such as `6 hours`.
fn time(minutes: u64) -> String {
    match minutes {
        60 => "hour".into(),
        minutes if minutes % 60 == 0 => format::counted(minutes / 60, "hour", "hours"),
        minutes => format::counted(minutes, "minute", "minutes"),
    }
}

fn freed(report: &Report) -> view::Section {
    let mut rows = Rows::new([
        Column::new("kind", "What"),
        Column::new("count", "Count").r#type(ValueType::Count).align(Align::End),
        Column::new("bytes", "Size").r#type(ValueType::Bytes).align(Align::End),
        Column::new("examples", "For example"),
    ]);
    for freed in &report.freed {
        rows.push(row![
            capitalized(&freed.kind),
            freed.count,
            freed.bytes,
            format::shorten(&freed.examples.join(", "), 120)
        ]);
    }
    view::section("Can be freed").show(view::Table::from(rows).label("What can be freed"))
}

fn held(report: &Report) -> view::Section {
    let mut rows = Rows::new([
        Column::new("what", "What"),
        Column::new("bytes", "Size").r#type(ValueType::Bytes).align(Align::End),
        Column::new("why", "Why it is kept"),
        Column::new("until", "Until").r#type(ValueType::Time),
    ]);
    for held in &report.held {
        rows.push(row![held.what, held.bytes, capitalized(&held.why), held.until]);
    }
    let more = report.held_count.saturating_sub(report.held.len() as u64);
    let note = match more {
        0 => format::bytes(report.held_bytes),
        more => format!(
            "{} in all. The {} largest are shown, {more} more are not.",
            format::bytes(report.held_bytes),
            report.held.len()
        ),
    };
    view::section("Not freed yet").note(note).show(view::Table::from(rows).label("What is not freed yet"))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use kamld_sdk::storage::collection::{Freed, Held};

    pub fn report(freed: u64) -> Report {
        Report {
            ended: 1_700_000_000_000,
            took: 20,
            freed: vec![Freed { kind: "packs".into(), count: 2, bytes: freed, examples: vec!["packs/a".into()] }],
            freed_bytes: freed,
            held: vec![Held { what: "birds/strikes".into(), bytes: 70, why: "in the bin".into(), until: Some(1) }],
            held_count: 3,
            held_bytes: 90,
            compacted: 0,
            live_bytes: 1_000,
        }
    }

    fn drawn(collection: Option<Collection>) -> String {
        let usage = Usage { logical: 520, stored: 300, capacity: Some(1_000_000), free: Some(900_000) };
        let share = |project: &str, size| Share { project: project.into(), datasets: 1, models: 0, objects: 2, size };
        let room = Room { usage, shares: vec![share("bees", 20), share("birds", 500)], collection };
        let nodes = kamld_sdk::Screen::from(room.view()).nodes();
        nodes.into_iter().map(|node| format!("{} {}\n", node.kind, node.props)).collect()
    }

    fn collection(checked: Option<Report>, last: Option<Report>) -> Option<Collection> {
        let schedule = Schedule { every_minutes: 360, grace_hours: 24, bin_days: 30 };
        Some(Collection { schedule, checked, last })
    }

    #[test]
    fn whoever_is_no_admin_sees_the_room_and_nothing_to_free_it() {
        let said = drawn(None);
        assert!(said.find("birds") < said.find("bees"), "the largest first: {said}");
        assert!(!said.contains("Free up space"), "{said}");
    }

    #[test]
    fn what_can_be_freed_is_looked_for_before_it_is_freed() {
        let said = drawn(collection(None, None));
        assert!(said.contains("every 6 hours") && said.contains("kept for 30 days"), "{said}");
        assert!(
            said.contains("Check what can be freed") && said.contains("Not run since the server started"),
            "{said}"
        );
        assert!(!said.contains("\"collect\""), "{said}");
        let nothing = drawn(collection(Some(report(0)), None));
        assert!(nothing.contains("Nothing to free") && !nothing.contains("\"collect\""), "{nothing}");
        let some = drawn(collection(Some(report(5_000)), None));
        assert!(some.contains("Free 5 kB") && some.contains("\"collect\""), "{some}");
        assert!(some.contains("In the bin") && some.contains("2 more"), "{some}");
        let done = drawn(collection(None, Some(report(5_000))));
        assert!(done.contains("Freed 5 kB") && !done.contains("\"collect\""), "{done}");
    }
}
