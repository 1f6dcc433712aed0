//! A first look at the arguments: where the server is and which command is meant, before clap can know all commands.
//!
//! Lives here: the few options that decide where the list of commands comes from. Must not live here: any check; clap
//! reads the same arguments again and says what is wrong with them.

use std::{ffi::OsString, path::PathBuf};

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scan {
    pub data: Option<PathBuf>,
    pub url: Option<String>,
    pub project: Option<String>,
    pub json: bool,
    /// The words of the command, as far as they stand before any option of its own.
    pub words: Vec<String>,
}

impl Scan {
    /// `args` with the name of the program first.
    pub fn of(args: &[OsString]) -> Self {
        let mut scan = Self::default();
        let mut rest = args.iter().skip(1);
        let mut counting = true;
        while let Some(arg) = rest.next() {
            let text = arg.to_string_lossy();
            if text == "--" {
                break;
            }
            let (name, value) = match text.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(OsString::from(value))),
                _ => (text.as_ref(), None),
            };
            if matches!(name, "--data" | "--url" | "--project") {
                let Some(value) = value.or_else(|| rest.next().cloned()) else { break };
                match name {
                    "--data" => scan.data = Some(value.into()),
                    "--url" => scan.url = Some(value.to_string_lossy().into_owned()),
                    _ => scan.project = Some(value.to_string_lossy().into_owned()),
                }
            } else if name == "--json" {
                scan.json = true;
            } else if text.starts_with('-') && text.len() > 1 {
                counting = false;
            } else if counting {
                scan.words.push(text.into_owned());
            }
        }
        scan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(line: &str) -> Scan {
        Scan::of(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_server_is_found_wherever_the_options_stand() {
        for line in
            ["kamld --data /d ls birds --json", "kamld ls birds --data=/d --json", "kamld ls --json birds --data /d"]
        {
            let scan = scan(line);
            assert_eq!((scan.data, scan.json), (Some("/d".into()), true), "{line}");
            assert_eq!(scan.words, ["ls", "birds"], "{line}");
        }
    }

    #[test]
    fn what_stands_behind_two_dashes_is_no_option() {
        assert_eq!(scan("kamld search -- --data x").data, None);
    }

    #[test]
    fn a_value_of_a_commands_own_option_is_no_word() {
        assert_eq!(scan("kamld commit -m ls birds").words, ["commit"]);
        assert_eq!(scan("kamld --project birds sql x").words, ["sql", "x"]);
    }
}
