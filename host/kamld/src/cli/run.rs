//! Runs a command of a plug-in and prints what it answers.
//!
//! Lives here: the call and the printing of its outcome. Must not live here: building the command line.

use super::{
    client::Client,
    dynamic,
    failure::{Result, Stop},
    offers::Offer,
    output::{Output, ask, can_ask},
    rows::{self, Wish},
    view::{self, Piece},
};
use clap::ArgMatches;
use kamld_types::{
    Problem,
    command::{Effect, Outcome},
};

pub async fn run(
    client: &Client,
    offer: &Offer,
    matches: &ArgMatches,
    project: Option<&str>,
    output: &Output,
) -> Result<()> {
    let command = &offer.command;
    let wish = if rows::hands_over(command) { Wish::read(matches) } else { Wish::default() };
    wish.check(output.style.terminal)?;
    let body = dynamic::body(command, matches, project);
    let name = command.name.join(" ");
    let sure = matches.try_get_one::<bool>("yes").ok().flatten().copied().unwrap_or(false);
    // In a pipe nobody can answer, and whoever wrote the script has decided.
    if command.effect == Effect::Destroy && !sure && can_ask() && !ask(&format!("{name} cannot be undone. Go on?")) {
        return Err(Problem::cancelled("nothing was done").into());
    }
    let mut segments = vec!["commands"];
    segments.extend(command.name.iter().map(String::as_str));
    let outcome: Result<Outcome> = client.json(client.post(&segments).json(&body)).await;
    let outcome = outcome.map_err(|stop: Stop| stop.about(dynamic::pointed(command, &body)))?;
    print(client, &outcome, &wish, output).await.map_err(|stop| stop.about(dynamic::pointed(command, &body)))
}

async fn print(client: &Client, outcome: &Outcome, wish: &Wish, output: &Output) -> Result<()> {
    let pieces = view::draw(&outcome.view, &output.style);
    let rows = pieces.iter().find_map(|piece| match piece {
        Piece::Rows(rows) => Some(rows),
        Piece::Text(_) => None,
    });
    match rows {
        Some(rows) if wish.aside() => return rows::export(client, rows, wish, output).await,
        Some(rows) if output.json => return rows::json(client, &outcome.data, rows, output).await,
        _ if output.json => return output.data(&outcome.data),
        _ => {}
    }
    for piece in &pieces {
        match piece {
            Piece::Text(text) => output.text(text)?,
            Piece::Rows(rows) => rows::table(client, rows, wish, output).await?,
        }
    }
    Ok(())
}

/// Prints what a local command answers, as that of a plug-in is printed.
pub fn print_local(outcome: &Outcome, output: &Output) -> Result<()> {
    if output.json {
        return output.data(&outcome.data);
    }
    for piece in view::draw(&outcome.view, &output.style) {
        if let Piece::Text(text) = piece {
            output.text(&text)?;
        }
    }
    Ok(())
}
