//! Tries every door out of the sandbox that the standard library knows, and tells which ones opened.

use kamld_programs::{Outcome, answer, program, types::Error};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

fn run(_: &[String]) -> Result<Outcome, Error> {
    let doors = [
        ("reads a file", std::fs::read("/etc/passwd").is_ok()),
        ("lists a folder", std::fs::read_dir("/").is_ok() || std::fs::read_dir(".").is_ok()),
        ("writes a file", std::fs::write("/tmp/out", "x").is_ok() || std::fs::write("out", "x").is_ok()),
        ("sees a variable", std::env::vars().next().is_some()),
        ("sees an argument", std::env::args().count() > 0),
        ("connects", TcpStream::connect("127.0.0.1:80").is_ok()),
        ("listens", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("sends", UdpSocket::bind("127.0.0.1:0").is_ok()),
        ("looks up a name", ("localhost", 80).to_socket_addrs().is_ok()),
    ];
    let open: Vec<&str> = doors.iter().filter(|(_, open)| *open).map(|(door, _)| *door).collect();
    answer(format!("{open:?}"))
}

program!(run, ["program", "reach"]);
