//! Opening the page on a desktop.
//!
//! Every user of a machine sees the command lines of all processes, and a browser keeps its own for as long as it runs. So
//! the link with the token is in a file that only its user can read, and the browser is told the file.
//!
//! Must not live here: the token. Invariant: no command line has the link.

use anyhow::Context;
use kamld_registry::durable;
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const FILE: &str = "open.html";

/// The page that leads to the link. Removed when it is dropped.
pub struct Opening(PathBuf);

impl Drop for Opening {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Opens the link where there is a desktop; a server has none, and then the printed link is enough.
pub fn browse(data: &Path, link: &str) -> Option<Opening> {
    if env::var_os("DISPLAY").is_none() && env::var_os("WAYLAND_DISPLAY").is_none() {
        return None;
    }
    match open(data, link) {
        Ok(opening) => Some(opening),
        Err(error) => {
            tracing::info!("no browser could be opened: {error:#}");
            None
        }
    }
}

fn open(data: &Path, link: &str) -> anyhow::Result<Opening> {
    let opening = written(data, link)?;
    let mut opener = command(Path::new("xdg-open"), &opening).spawn().context("xdg-open did not start")?;
    // It is waited for, so that it does not stay behind as a zombie.
    std::thread::spawn(move || opener.wait());
    Ok(opening)
}

fn written(data: &Path, link: &str) -> anyhow::Result<Opening> {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>KAML-D</title>\n\
         <meta http-equiv=\"refresh\" content=\"0; url={link}\">\n<p><a href=\"{link}\">Open KAML-D</a></p>\n"
    );
    let path = data.join(FILE);
    durable::replace(&path, page.as_bytes(), 0o600)?;
    Ok(Opening(path))
}

fn command(opener: &Path, opening: &Opening) -> Command {
    let mut command = Command::new(opener);
    command.arg(&opening.0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn the_link_is_in_a_file_of_its_user_and_in_no_command_line() {
        let folder = tempfile::tempdir().unwrap();
        // Says how it was called, as a browser would be.
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let opener = bin.join("xdg-open");
        fs::write(&opener, format!("#!/bin/sh\necho \"$@\" > {}/called\n", folder.path().display())).unwrap();
        fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
        let link = "http://127.0.0.1:7437/?token=secret";
        let path = folder.path().join(FILE);
        let opening = written(folder.path(), link).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&path).unwrap().contains(link));
        let called = command(&opener, &opening).status().unwrap();
        assert!(called.success());
        let said = fs::read_to_string(folder.path().join("called")).unwrap();
        assert!(said.contains("open.html") && !said.contains("secret"), "{said}");
        drop(opening);
        assert!(!path.exists());
    }
}
