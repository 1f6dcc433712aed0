//! How a command ends badly, and how that is told: words on standard error and an exit code.
//!
//! Lives here: `Stop`, its drawing as text and JSON. Must not live here: deciding what went wrong.
//! Invariant: every way out but success passes through `Stop::report`.

use super::view::{Style, Tone, clean};
use kamld_types::{Kind, Problem};
use serde_json::json;
use std::{fmt::Write as _, io::Write as _};

pub type Result<T, E = Stop> = std::result::Result<T, E>;

/// Why a command stopped.
#[derive(Debug)]
pub enum Stop {
    Failure(Box<Failure>),
    /// Whoever read the output has seen enough (`| head`): no error to speak of.
    Pipe,
}

/// A problem with what is known about where it came from.
#[derive(Debug)]
pub struct Failure {
    pub problem: Problem,
    /// The trace id of the call, for the server's log.
    pub trace: Option<String>,
    /// The text that the person wrote and that `problem.at` points into.
    pub text: Option<String>,
    /// A wrong command line ends with 2, as clap has it.
    pub usage: bool,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Failure(Box::new(Failure { problem, trace: None, text: None, usage: false }))
    }
}

impl Stop {
    /// The command line itself is wrong.
    pub fn usage(problem: Problem) -> Self {
        Self::Failure(Box::new(Failure { problem, trace: None, text: None, usage: true }))
    }

    /// An error of writing to the standard output.
    pub fn output(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::Pipe;
        }
        Problem::unavailable(format!("the output cannot be written: {error}")).into()
    }

    pub fn kind(&self) -> Option<Kind> {
        self.problem().map(|problem| problem.kind)
    }

    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Failure(failure) => Some(&failure.problem),
            Self::Pipe => None,
        }
    }

    /// The text that an error may point into.
    #[must_use]
    pub fn about(mut self, text: Option<&str>) -> Self {
        if let Self::Failure(failure) = &mut self {
            failure.text = text.map(str::to_owned);
        }
        self
    }

    /// Replaces what to do next by something closer to what the person typed.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if let Self::Failure(failure) = &mut self {
            failure.problem.help = Some(help.into());
        }
        self
    }

    /// Tells the person (or the program, with `json`) and gives the exit code.
    pub fn report(&self, json: bool) -> u8 {
        let Self::Failure(failure) = self else { return 0 };
        let text = if json { failure.json() } else { failure.text(&Style::of_stderr()) };
        // Where there is no standard error there is nobody to tell.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        if failure.usage { 2 } else { failure.problem.kind.exit_code() }
    }
}

impl Failure {
    fn json(&self) -> String {
        let mut value = json!({"kind": self.problem.kind, "message": self.problem.message});
        if let Some(help) = &self.problem.help {
            value["help"] = json!(help);
        }
        if let Some(at) = self.problem.at {
            value["at"] = json!(at);
        }
        if let Some(trace) = &self.trace {
            value["trace"] = json!(trace);
        }
        format!("{value}\n")
    }

    fn text(&self, style: &Style) -> String {
        let mut out = String::new();
        let message = lines(&self.problem.message);
        let _ = writeln!(out, "{} {message}", style.paint(Tone::Bad, "error:"));
        if let Some((at, line)) = self.place() {
            let number = at.line.to_string();
            let gutter = " ".repeat(number.len());
            // The caret stands under the character, however wide those before it are.
            let before: String = line.chars().take(at.column.saturating_sub(1) as usize).collect();
            let pad = " ".repeat(console::measure_text_width(&shown(&before)));
            let bar = style.paint(Tone::Dim, "|").into_owned();
            let _ = writeln!(out, "{gutter} {bar}");
            let _ = writeln!(out, "{} {bar} {}", style.paint(Tone::Dim, &number), shown(line));
            let _ = writeln!(out, "{gutter} {bar} {pad}{}", style.paint(Tone::Bad, "^"));
        } else if let Some(at) = self.problem.at {
            let _ = writeln!(out, "  at line {}, column {}", at.line, at.column);
        }
        if let Some(help) = &self.problem.help {
            let _ = writeln!(out, "{} {}", style.paint(Tone::Accent, "help:"), lines(help));
        }
        if let (Kind::Internal, Some(trace)) = (self.problem.kind, &self.trace) {
            let _ = writeln!(out, "{}", style.paint(Tone::Dim, &format!("trace {}", clean(trace))));
        }
        out
    }

    fn place(&self) -> Option<(kamld_types::Position, &str)> {
        let (at, text) = (self.problem.at?, self.text.as_deref()?);
        let line = text.lines().nth(usize::try_from(at.line).ok()?.checked_sub(1)?)?;
        Some((at, line))
    }
}

/// A line of what the person wrote; a tab takes one place, as it counts as one column.
fn shown(line: &str) -> String {
    clean(&line.replace('\t', " ")).into_owned()
}

fn lines(text: &str) -> String {
    super::view::clean_lines(text).join("\n")
}

/// The page behind `kamld help exit-codes`.
pub fn exit_codes() -> String {
    let mut out = String::from("Exit codes:\n   0  success\n   2  the command line is wrong\n");
    let mut kinds = Kind::ALL;
    kinds.sort_by_key(|kind| kind.exit_code());
    for kind in kinds {
        let says = match kind {
            Kind::Internal => "a fault of the host; its log says more",
            Kind::Invalid => "what was asked cannot be right (a name, a query, a file)",
            Kind::NotFound => "there is no such thing",
            Kind::AlreadyExists => "a thing of that name is there already",
            Kind::Conflict => "somebody else changed it meanwhile, or a local file differs",
            Kind::Denied => "a grant, a right or the token does not allow it",
            Kind::Limit => "a limit of size, count, memory, time or space",
            Kind::Unavailable => "no server answers, or it cannot answer now",
            Kind::Corrupt => "stored bytes are not what was written",
            Kind::Cancelled => "stopped by the person",
            Kind::Confirm => "a person has to confirm it in the web page first",
        };
        let _ = writeln!(out, "  {:>2}  {}: {says}", kind.exit_code(), kind.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{super::view::style::tests::*, *};

    fn failure(problem: Problem, text: Option<&str>) -> Failure {
        Failure { problem, trace: Some("t1".into()), text: text.map(str::to_owned), usage: false }
    }

    #[test]
    fn a_wrong_query_is_shown_with_a_caret_under_the_place() {
        let problem = Problem::invalid("there is no column 'speices'").help("did you mean 'species'?").at(2, 5);
        let query = "select\n鳥\t, speices\nfrom x";
        assert_eq!(
            failure(problem.clone(), Some(query)).text(&pipe()),
            "error: there is no column 'speices'\n  |\n2 | 鳥 , speices\n  |      ^\nhelp: did you mean 'species'?\n"
        );
        assert_eq!(
            failure(problem, None).text(&pipe()),
            "error: there is no column 'speices'\n  at line 2, column 5\nhelp: did you mean 'species'?\n"
        );
    }

    #[test]
    fn a_place_outside_of_the_text_is_told_in_figures() {
        let text = failure(Problem::invalid("x").at(9, 1), Some("one line")).text(&pipe());
        assert_eq!(text, "error: x\n  at line 9, column 1\n");
    }

    #[test]
    fn errors_for_programs_have_a_stable_shape() {
        let problem = Problem::not_found("no asset").help("create it").at(1, 2);
        assert_eq!(
            failure(problem, None).json(),
            "{\"kind\":\"not-found\",\"message\":\"no asset\",\"help\":\"create it\",\"at\":{\"line\":1,\"column\":2},\"trace\":\"t1\"}\n"
        );
    }

    #[test]
    fn every_exit_code_is_documented() {
        let page = exit_codes();
        for kind in Kind::ALL {
            assert!(page.contains(&format!("{:>2}  {}:", kind.exit_code(), kind.as_str())), "{page}");
        }
    }
}
