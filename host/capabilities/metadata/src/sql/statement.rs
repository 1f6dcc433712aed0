//! One statement that only asks: parsed, checked, and the tables that it names.
//!
//! Must not live here: opening anything. Invariant: whatever could change something is refused here, by its kind,
//! before any name in it is looked up.

use super::{guess, keywords, place::Source};
use datafusion::{
    error::DataFusionError,
    sql::{
        parser::{DFParserBuilder, ExplainStatement, Statement},
        sqlparser::{
            ast::{
                DescribeAlias, Ident, ObjectName, ObjectNamePart, Query, SetExpr, ShowStatementOptions, Spanned,
                Statement as Sql, TableFactor, Visit, Visitor,
            },
            dialect::GenericDialect,
            parser::ParserError,
        },
    },
};
use kamld_types::{Position, Problem};
use std::{collections::HashSet, ops::ControlFlow};

/// The parts of a table's name as they stand, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub parts: Vec<String>,
    pub at: Position,
}

#[derive(Debug)]
pub(crate) enum Asked {
    /// Rows.
    Rows(Box<Statement>),
    /// The columns of the one table that is named.
    Columns,
}

#[derive(Debug)]
pub(crate) struct Parsed {
    pub asked: Asked,
    /// Tables in the order in which they are named; names of `with` are not among them.
    pub tables: Vec<Named>,
}

pub(crate) fn parse(source: &Source) -> Result<Parsed, Problem> {
    let text = source.seen().text();
    let wrong = |error: DataFusionError| parse_problem(source, &error);
    let dialect = GenericDialect {};
    let mut parser = DFParserBuilder::new(text).with_dialect(&dialect).build().map_err(wrong)?;
    let statements = parser.parse_statements().map_err(wrong)?;
    let mut statements = statements.into_iter();
    let Some(statement) = statements.next() else {
        return Err(Problem::invalid("there is no query").help("write one, such as: select 1").at(1, 1));
    };
    if let Some(second) = statements.next() {
        let at = start_of(source, &second).unwrap_or_else(|| source.end());
        return Err(Problem::invalid("there is a second statement")
            .help("run one query at a time")
            .at(at.line, at.column));
    }
    let mut tables = Tables::new(source);
    let asked = allowed(source, statement, &mut tables)?;
    if let Some(problem) = tables.wrong {
        return Err(problem);
    }
    let Tables { named, names, .. } = tables;
    let tables =
        named.into_iter().filter(|named| !(named.parts.len() == 1 && names.contains(&named.parts[0]))).collect();
    Ok(Parsed { asked, tables })
}

fn allowed(source: &Source, statement: Statement, tables: &mut Tables) -> Result<Asked, Problem> {
    let at = start_of(source, &statement).unwrap_or(Position { line: 1, column: 1 });
    let refuse = |what: &str| {
        Err(Problem::invalid(format!("{what} is not a query"))
            .help("SQL here only asks (select, with, values, describe, explain); data is changed by put, rm, cp and mv")
            .at(at.line, at.column))
    };
    match statement {
        Statement::Statement(sql) => match &*sql {
            Sql::Query(query) => {
                if let Some(what) = changes(&query.body) {
                    return refuse(what);
                }
                tables.walk(&sql)?;
                Ok(Asked::Rows(Box::new(Statement::Statement(sql))))
            }
            Sql::ExplainTable { table_name, describe_alias, .. } if *describe_alias != DescribeAlias::Explain => {
                tables.name(table_name);
                Ok(Asked::Columns)
            }
            Sql::ShowColumns { show_options, .. } => {
                let ShowStatementOptions { show_in, .. } = show_options;
                match show_in.as_ref().and_then(|shown| shown.parent_name.as_ref()) {
                    Some(name) => tables.name(name),
                    None => return refuse("show columns without a table"),
                }
                Ok(Asked::Columns)
            }
            Sql::ShowTables { .. } | Sql::ShowSchemas { .. } | Sql::ShowDatabases { .. } | Sql::ShowCatalogs { .. } => {
                Err(Problem::invalid("every object of an asset is a table, so there is no list of them")
                    .help("kamld ls PROJECT/ASSET lists the objects of an asset")
                    .at(at.line, at.column))
            }
            other => {
                let words: Vec<String> = other
                    .to_string()
                    .split_whitespace()
                    .take_while(|word| word.bytes().all(|byte| byte.is_ascii_uppercase()))
                    .take(2)
                    .map(str::to_lowercase)
                    .collect();
                refuse(if words.is_empty() { "this" } else { &words[0] })
            }
        },
        Statement::Explain(ExplainStatement { options, statement }) => match allowed(source, *statement, tables)? {
            Asked::Rows(statement) => {
                Ok(Asked::Rows(Box::new(Statement::Explain(ExplainStatement { options, statement }))))
            }
            Asked::Columns => Ok(Asked::Columns),
        },
        Statement::CreateExternalTable(_) => refuse("create external table"),
        Statement::CopyTo(_) => refuse("copy"),
        Statement::Reset(_) => refuse("reset"),
    }
}

/// A body that changes something, in the disguise of a query.
fn changes(body: &SetExpr) -> Option<&'static str> {
    match body {
        SetExpr::Insert(_) => Some("insert"),
        SetExpr::Update(_) => Some("update"),
        SetExpr::Delete(_) => Some("delete"),
        SetExpr::Merge(_) => Some("merge"),
        SetExpr::Select(select) if select.into.is_some() => Some("select into"),
        SetExpr::Query(query) => changes(&query.body),
        SetExpr::SetOperation { left, right, .. } => changes(left).or_else(|| changes(right)),
        _ => None,
    }
}

fn start_of(source: &Source, statement: &Statement) -> Option<Position> {
    match statement {
        Statement::Statement(sql) => {
            let start = sql.span().start;
            (start.line > 0).then(|| source.position(start.line, start.column))
        }
        _ => None,
    }
}

struct Tables<'a> {
    source: &'a Source,
    named: Vec<Named>,
    /// What `with` gives a name.
    names: HashSet<String>,
    /// Starts of table functions: the parser reports their names as relations too.
    functions: HashSet<(u64, u64)>,
    wrong: Option<Problem>,
}

impl<'a> Tables<'a> {
    fn new(source: &'a Source) -> Self {
        Self { source, named: Vec::new(), names: HashSet::new(), functions: HashSet::new(), wrong: None }
    }

    fn walk(&mut self, sql: &Sql) -> Result<(), Problem> {
        let _ = sql.visit(self);
        match self.wrong.take() {
            Some(problem) => Err(problem),
            None => Ok(()),
        }
    }

    fn name(&mut self, name: &ObjectName) {
        let mut parts = Vec::new();
        let mut start = None;
        for part in &name.0 {
            let ObjectNamePart::Identifier(ident) = part else { return };
            start.get_or_insert(ident.span.start);
            parts.push(plain(ident));
        }
        let Some(start) = start else { return };
        if self.functions.contains(&(start.line, start.column)) {
            return;
        }
        let at = if start.line > 0 {
            self.source.position(start.line, start.column)
        } else {
            // The parser knows no place of names in single quotes.
            let seen = self.source.seen().text();
            let byte = seen.find(&format!("'{}'", parts[0])).unwrap_or(0);
            self.source.position_of_written(self.source.back(byte))
        };
        self.named.push(Named { parts, at });
    }
}

/// An identifier as the planner will see it.
fn plain(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

impl Visitor for Tables<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.names.insert(plain(&table.alias.name));
        }
        if let Some(what) = changes(&query.body) {
            let start = query.span().start;
            let at = self.source.position(start.line, start.column);
            self.wrong = Some(Problem::invalid(format!("{what} is not a query")).at(at.line, at.column));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: Some(_), .. } = factor
            && let Some(ObjectNamePart::Identifier(ident)) = name.0.first()
        {
            self.functions.insert((ident.span.start.line, ident.span.start.column));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.name(relation);
        ControlFlow::Continue(())
    }
}

/// What the parser says, in words, at the place that it names.
pub(crate) fn parse_problem(source: &Source, error: &DataFusionError) -> Problem {
    let message = match error.find_root() {
        DataFusionError::SQL(error, _) => match &**error {
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.clone(),
            ParserError::RecursionLimitExceeded => {
                return Problem::invalid("the query is nested too deeply").help("name its parts with 'with'").at(1, 1);
            }
        },
        other => other.strip_backtrace(),
    };
    let (message, at) = match message.rsplit_once(" at Line: ") {
        Some((message, place)) => {
            let mut numbers = place.split(", Column: ").map(|number| number.trim().parse::<u64>());
            match (numbers.next(), numbers.next()) {
                (Some(Ok(line)), Some(Ok(column))) => (message.to_owned(), source.position(line, column)),
                _ => (message.to_owned(), source.end()),
            }
        }
        None => (message, source.end()),
    };
    let mut problem = match message.strip_prefix("Expected: ").and_then(|rest| rest.rsplit_once(", found: ")) {
        Some((expected, "EOF")) => Problem::invalid(format!("the query ends where {} is expected", soften(expected))),
        Some((expected, found)) => {
            let mut problem = Problem::invalid(format!("expected {}, found '{found}'", soften(expected)));
            // The slip is often one word earlier: `select a form t` fails at t.
            let before = words_until(source, at);
            let known = |word: &str| keywords::words().any(|keyword| keyword.eq_ignore_ascii_case(word));
            let slip = [Some(found), before.last().map(String::as_str)]
                .into_iter()
                .flatten()
                .filter(|word| word.len() >= 3 && !known(word))
                .find_map(|word| guess::nearest(word, keywords::words()).map(|near| (word.to_owned(), near)));
            if let Some((word, near)) = slip {
                problem = problem.help(format!("did you mean '{near}' instead of '{word}'?"));
            }
            problem
        }
        None => Problem::invalid(soften(&message)),
    };
    problem.at = Some(at);
    problem
}

fn words_until(source: &Source, at: Position) -> Vec<String> {
    let lines = super::place::Lines::new(source.written());
    let end = lines.byte(u64::from(at.line), u64::from(at.column));
    source.written()[..end].split_whitespace().map(str::to_owned).collect()
}

/// Lower case at the start, no full stop at the end.
pub(crate) fn soften(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    let mut chars = message.chars();
    match (chars.next(), chars.clone().next()) {
        // Words in capitals are names.
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().collect::<String>() + chars.as_str()
        }
        _ => message.to_owned(),
    }
}
