//! `history`: runs of the same work, night after night.

mod add;
mod forms;

use crate::{
    arguments::{
        AcceptArguments, CheckHistoryArguments, FailOn, Followed, HistoryCommand, HistoryFormat,
        HistoryPlace, HistoryReportArguments, Places, ShowHistoryArguments,
    },
    command::compare::append,
    exit::Exit,
    output,
};
use forms::Part;
use pilotbench_engine::{
    fault::{Fault, Result},
    history::{Board, History, Kept, Rules, Standing},
};
use pilotbench_report::{history_site, publish};
use std::path::Path;

/// Does one of them.
pub(crate) fn act(places: &Places, command: HistoryCommand) -> Result<Exit> {
    match command {
        HistoryCommand::Add(arguments) => add::add(places, &arguments),
        HistoryCommand::Show(arguments) => show(places, &arguments),
        HistoryCommand::Check(arguments) => check(places, &arguments),
        HistoryCommand::Report(arguments) => report(places, &arguments),
        HistoryCommand::Accept(arguments) => accept(places, &arguments),
    }
}

/// The history that is meant.
fn history(places: &Places, place: &HistoryPlace) -> History {
    let usual = || places.results.join("history");
    History::at(&place.history.clone().unwrap_or_else(usual))
}

fn show(places: &Places, arguments: &ShowHistoryArguments) -> Result<Exit> {
    let mut board = board(places, &arguments.followed)?;
    let ShowHistoryArguments { experiment, method, .. } = arguments;
    let is_wanted = |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|w| w == own);
    board.series.retain(|series| {
        is_wanted(experiment, &series.name.experiment) && is_wanted(method, &series.name.method)
    });
    if board.series.is_empty() {
        let fault = Fault::usage("--experiment", "no series of this experiment and method");
        return Err(fault.hint("`pilotbench history show` lists them"));
    }
    let format = if arguments.json { HistoryFormat::Json } else { arguments.format };
    print(&board, format, Part::All)?;
    Ok(Exit::Done)
}

fn check(places: &Places, arguments: &CheckHistoryArguments) -> Result<Exit> {
    let board = board(places, &arguments.followed)?;
    let format = if arguments.json { HistoryFormat::Json } else { arguments.format };
    print(&board, format, Part::Remarkable)?;
    let has_failed = match arguments.fail_on {
        FailOn::Never => false,
        FailOn::Regression => board.count(Standing::Worse) > 0,
        FailOn::AnyChange => board.all_changes() > 0,
    };
    Ok(if has_failed { Exit::Regression } else { Exit::Done })
}

fn print(board: &Board, format: HistoryFormat, part: Part) -> Result<()> {
    match format {
        HistoryFormat::Terminal => output::print(&output::inert(&forms::terminal(board, part))),
        HistoryFormat::Markdown => output::print(&output::inert(&forms::markdown(board, part))),
        HistoryFormat::Json => output::print_json(board)?,
        HistoryFormat::Github => {
            if let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY") {
                append(Path::new(&file), &output::inert(&forms::markdown(board, part)))?;
            }
            output::print(&output::inert(&forms::github(board)));
        }
    }
    Ok(())
}

fn report(places: &Places, arguments: &HistoryReportArguments) -> Result<Exit> {
    let board = board(places, &arguments.followed)?;
    let files = history_site(&board)?;
    publish(&arguments.out, &files)?;
    if !arguments.quiet {
        let first = arguments.out.join("index.html");
        output::remark(&output::inert(&first.display().to_string()));
    }
    Ok(Exit::Done)
}

fn accept(places: &Places, arguments: &AcceptArguments) -> Result<Exit> {
    if arguments.because.trim().is_empty() {
        return Err(Fault::usage("--because", "say why"));
    }
    history(places, &arguments.place).accept(&arguments.entry, &arguments.because)?;
    Ok(Exit::Done)
}

/// The board of the runs of one name.
fn board(places: &Places, followed: &Followed) -> Result<Board> {
    let rules = rules(followed)?;
    let entries = history(places, &followed.place).entries()?;
    let newest = entries.last().map(|kept| kept.entry.name.clone());
    let name = followed.name.clone().or(newest).unwrap_or_default();
    let (own, others): (Vec<Kept>, Vec<Kept>) =
        entries.into_iter().partition(|kept| kept.entry.name == name);
    if own.is_empty() && !others.is_empty() {
        let names: std::collections::BTreeSet<_> = others.iter().map(|k| &*k.entry.name).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let message = format!("no run is called `{}`", name.escape_debug());
        return Err(
            Fault::usage("--name", message).hint(format!("there are: {}", names.join(", ")))
        );
    }
    Board::of(&own, &rules)
}

fn rules(followed: &Followed) -> Result<Rules> {
    let Followed { window, least, confidence, margin, noisy, speed_margin, .. } = *followed;
    if !(0.5..1.0).contains(&confidence) {
        let message = format!("{confidence} is not from 0.5 to below 1");
        return Err(Fault::usage("--confidence", message));
    }
    for (name, value) in
        [("--margin", margin), ("--noisy", noisy), ("--speed-margin", speed_margin)]
    {
        if !(value >= 0.0 && value.is_finite()) {
            return Err(Fault::usage(name, format!("{value} is no margin")));
        }
    }
    if window < least {
        let message = format!("a window of {window} never has the {least} values of --least");
        return Err(Fault::usage("--window", message));
    }
    Ok(Rules {
        scores: followed.score.clone(),
        window: window.into(),
        least: least.into(),
        confidence,
        margin,
        noisy,
        speed_margin: (!followed.no_speed).then_some(speed_margin),
    })
}
