//! SQL over objects, against assets in memory that count their reads.

#[path = "sql/memory.rs"]
mod memory;

#[path = "sql/bad_input.rs"]
mod bad_input;
#[path = "sql/formats.rs"]
mod formats;
#[path = "sql/hostile.rs"]
mod hostile;
#[path = "sql/kept.rs"]
mod kept;
#[path = "sql/limits.rs"]
mod limits;
#[path = "sql/loops.rs"]
mod loops;
#[path = "sql/mistakes.rs"]
mod mistakes;
#[path = "sql/results.rs"]
mod results;
#[path = "sql/spellings.rs"]
mod spellings;
