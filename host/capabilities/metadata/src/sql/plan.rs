//! From a person's text to a plan that can run: folded, parsed, its tables admitted and opened, planned, checked.
//!
//! Must not live here: running. Invariant: a plan that would change anything is refused twice, as a statement and as
//! a plan.

use super::{
    engine::Engine,
    names::{Found, Names},
    objects::{Access, Objects},
    place::{Edit, Source},
    run, spelling,
    statement::{self, Asked, Named, Parsed},
    store::QueryStore,
    tables::{self, Opened},
    values,
    wrong::{self, Table},
};
use arrow::{
    array::{BooleanArray, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use datafusion::{
    common::tree_node::{TreeNode, TreeNodeRecursion},
    datasource::provider_as_source,
    error::DataFusionError,
    execution::SessionState,
    logical_expr::{LogicalPlan, LogicalPlanBuilder},
    physical_plan::ExecutionPlan,
    prelude::SQLOptions,
};
use futures::FutureExt;
use kamld_types::{Kind, Problem};
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc};

/// Capitals that are put right in one query.
const MAX_REWRITES: usize = 200;

/// What runs.
pub(crate) enum Work {
    Plan {
        physical: Arc<dyn ExecutionPlan>,
        state: Box<SessionState>,
    },
    /// Rows that are known already.
    Known(RecordBatch),
}

pub(crate) struct Planned {
    pub work: Work,
    pub schema: SchemaRef,
    pub source: Source,
    pub tables: Vec<(Named, Opened)>,
}

impl std::fmt::Debug for Planned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planned").field("tables", &self.tables.len()).finish()
    }
}

impl Planned {
    /// Rows may turn up that the types do not fit.
    pub(crate) fn guessed(&self) -> bool {
        self.tables.iter().any(|(_, opened)| opened.guessed)
    }

    pub(crate) fn explain(&self, error: &DataFusionError) -> Problem {
        let tables: Vec<Table<'_>> = self.tables.iter().map(|(named, opened)| Table { at: named.at, opened }).collect();
        wrong::explain(error, &self.source, &tables, None)
    }
}

/// Plans a text for one caller. `project` is where assets without a project are.
pub(crate) async fn plan(
    engine: &Engine,
    objects: &dyn Objects,
    access: &dyn Access,
    project: Option<&str>,
    text: &str,
) -> Result<Planned, Problem> {
    let names = Names { objects, access, project: None };
    let only = match project {
        Some(project) => Some(project.to_owned()),
        None => match names.visible_projects().await?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        },
    };
    let names = Names { project: only.as_deref(), ..names };
    let catalog = only.as_deref().unwrap_or("kamld");
    let mut source = spelling::fold(text)?;
    let mut opened: HashMap<Vec<String>, Opened> = HashMap::new();
    let mut known_whole = false;
    for _ in 0..MAX_REWRITES {
        let Parsed { asked, tables } = statement::parse(&source)?;
        // Everybody is admitted before anything is opened.
        let mut found = Vec::new();
        for named in &tables {
            if !opened.contains_key(&named.parts)
                && !found.iter().any(|(known, _): &(&Named, _)| known.parts == named.parts)
            {
                found.push((named, names.find(named).await?));
            }
        }
        for (named, found) in found {
            let addresses: Vec<String> = found.entries.iter().take(3).map(|entry| found.address(entry)).collect();
            let table = match AssertUnwindSafe(tables::open(engine, found)).catch_unwind().await {
                Ok(table) => table,
                Err(panic) => Err(run::gave_up(&addresses, panic.as_ref())),
            };
            let table = table.map_err(|problem| problem.at(named.at.line, named.at.column))?;
            opened.insert(named.parts.clone(), table);
        }
        let tables: Vec<(Named, Opened)> =
            tables.iter().filter_map(|named| Some((named.clone(), opened.get(&named.parts)?.clone()))).collect();
        let statement = match asked {
            Asked::Rows(statement) => *statement,
            Asked::Columns => {
                let (_, table) = tables.first().ok_or_else(|| Problem::internal("the table to describe was lost"))?;
                let batch = described(&table.table.schema())?;
                return Ok(Planned { schema: batch.schema(), work: Work::Known(batch), source, tables });
            }
        };
        let state = session(engine, catalog, &tables)?;
        let explain = |error: &DataFusionError| {
            let tables: Vec<Table<'_>> = tables.iter().map(|(named, opened)| Table { at: named.at, opened }).collect();
            wrong::explain(error, &source, &tables, Some(&state))
        };
        let logical = match state.statement_to_plan(statement).await {
            Ok(logical) => logical,
            Err(error) => {
                if let Some(edit) = wrong::miswritten(&source, &error) {
                    let written = source.written().to_owned();
                    let edits: Vec<Edit> = source.edits().iter().cloned().chain([edit]).collect();
                    source = Source::new(&written, edits);
                    continue;
                }
                // JSON may bring a column only after the rows that were looked at.
                let missing = matches!(error.find_root(), DataFusionError::SchemaError(..));
                if missing && !known_whole && tables.iter().any(|(_, opened)| opened.guessed) {
                    known_whole = true;
                    if look_at_all(engine, &names, &tables).await? {
                        opened.clear();
                        continue;
                    }
                }
                return Err(explain(&error));
            }
        };
        let asks_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        asks_only.verify_plan(&logical).map_err(|error| explain(&error))?;
        let (physical, state) = match physical(&logical, state.clone()).await {
            Ok(planned) => planned,
            Err(error) => return Err(explain(&error)),
        };
        let schema = Arc::new(logical.schema().as_arrow().clone());
        return Ok(Planned { work: Work::Plan { physical, state: Box::new(state) }, schema, source, tables });
    }
    Err(Problem::limit("the query has too many names to put right").help("write names as the columns have them"))
}

/// All rows and columns of what a name stands for, in its order, without any text.
pub(crate) async fn whole(engine: &Engine, named: Named, found: Found) -> Result<Planned, Problem> {
    let addresses: Vec<String> = found.entries.iter().take(3).map(|entry| found.address(entry)).collect();
    let opened = match AssertUnwindSafe(tables::open(engine, found)).catch_unwind().await {
        Ok(opened) => opened?,
        Err(panic) => return Err(run::gave_up(&addresses, panic.as_ref())),
    };
    let table = provider_as_source(opened.table.clone());
    let tables = vec![(named, opened)];
    let state = session(engine, "kamld", &tables)?;
    let planned = async {
        let logical = LogicalPlanBuilder::scan("object", table, None)?.build()?;
        let schema = Arc::new(logical.schema().as_arrow().clone());
        Ok((schema, physical(&logical, state).await?))
    };
    let source = Source::new("", Vec::new());
    match planned.await {
        Ok((schema, (physical, state))) => {
            Ok(Planned { work: Work::Plan { physical, state: Box::new(state) }, schema, source, tables })
        }
        Err(error) => {
            let tables: Vec<Table<'_>> = tables.iter().map(|(named, opened)| Table { at: named.at, opened }).collect();
            Err(wrong::explain(&error, &source, &tables, None))
        }
    }
}

/// Looks at every row of the JSON objects; answers whether there were any.
async fn look_at_all(engine: &Engine, names: &Names<'_>, tables: &[(Named, Opened)]) -> Result<bool, Problem> {
    let mut any = false;
    for (named, opened) in tables {
        if opened.guessed && matches!(opened.format, super::Format::Json | super::Format::JsonLines) {
            let found = names.find(named).await?;
            for entry in &found.entries {
                engine.whole_layout(&tables::text(engine, &found, entry, opened.format)).await?;
                any = true;
            }
        }
    }
    Ok(any)
}

fn session(engine: &Engine, catalog: &str, tables: &[(Named, Opened)]) -> Result<SessionState, Problem> {
    let mut store = QueryStore::default();
    let mut registered: HashMap<[String; 3], _> = HashMap::new();
    for (named, opened) in tables {
        for (snapshot, entry) in &opened.stored {
            store.admit(snapshot.clone(), entry.clone());
        }
        let name = match named.parts.as_slice() {
            [schema, table] => [catalog.to_owned(), schema.clone(), table.clone()],
            [catalog, schema, table] => [catalog.clone(), schema.clone(), table.clone()],
            _ => continue,
        };
        registered.insert(name, opened.table.clone());
    }
    engine
        .session(catalog, registered.into_iter().collect(), store)
        .map_err(|error| Problem::new(Kind::Internal, wrong::plain_text(&error)))
}

/// Rows in the order of the objects where a query neither groups nor sorts nor joins: with one partition nothing is
/// shuffled, and text is decoded side by side all the same.
async fn physical(
    logical: &LogicalPlan,
    mut state: SessionState,
) -> Result<(Arc<dyn ExecutionPlan>, SessionState), DataFusionError> {
    let optimized = state.optimize(logical)?;
    if keeps_order(&optimized)? {
        state.config_mut().options_mut().execution.target_partitions = 1;
    }
    let physical = state.query_planner().clone().create_physical_plan(&optimized, &state).await?;
    Ok((physical, state))
}

fn keeps_order(plan: &LogicalPlan) -> Result<bool, DataFusionError> {
    let mut keeps = true;
    plan.apply(|node| {
        keeps &= matches!(
            node,
            LogicalPlan::Projection(_)
                | LogicalPlan::Filter(_)
                | LogicalPlan::Limit(_)
                | LogicalPlan::TableScan(_)
                | LogicalPlan::SubqueryAlias(_)
                | LogicalPlan::Unnest(_)
                | LogicalPlan::Union(_)
        );
        Ok(if keeps { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(keeps)
}

fn described(schema: &Schema) -> Result<RecordBatch, Problem> {
    let columns = values::columns(schema);
    let out = Schema::new(vec![
        Field::new("column_name", DataType::Utf8, false),
        Field::new("data_type", DataType::Utf8, false),
        Field::new("nullable", DataType::Boolean, false),
    ]);
    let names: StringArray = columns.iter().map(|column| Some(column.name.as_str())).collect();
    let types: StringArray = columns.iter().map(|column| Some(column.r#type.as_str())).collect();
    let nullable: BooleanArray = columns.iter().map(|column| Some(column.nullable)).collect();
    RecordBatch::try_new(Arc::new(out), vec![Arc::new(names), Arc::new(types), Arc::new(nullable)])
        .map_err(|error| Problem::internal(error.to_string()))
}
