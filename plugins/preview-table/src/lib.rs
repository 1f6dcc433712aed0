//! Tables: what is in them, and their rows.
//!
//! Must not live here: reading formats, which `kamld:metadata/sql` does. Invariant: everything in `shape` is pure.

mod shape;

use kamld_sdk::{
    Describe, Description, Error, Kind, Preview, Result, ToDescribe, ToPreview,
    metadata::{TABLES, sql},
    view::View,
};

struct Tables;

kamld_sdk::plugin! { describer: Tables, preview: Tables }

/// How many rows give their words to the search.
const SEARCHED: u32 = 200;

impl Describe for Tables {
    const MEDIA_TYPES: &[&str] = TABLES;

    fn describe(object: &ToDescribe) -> Result<Description> {
        if object.size == 0 {
            return Ok(shape::empty(&object.media_type));
        }
        let shape = match sql::describe(&object.text).map_err(Error::from) {
            Ok(shape) => shape,
            Err(error) if error.kind() == Kind::Invalid => return shape::no_table(&object.media_type, error),
            Err(error) => return Err(error),
        };
        // The count is whole already; rows that cannot be read later on only cost the search their words.
        let (_, rows) = sql::rows(&object.text, 0, SEARCHED).unwrap_or_default();
        Ok(shape::description(shape, &rows))
    }
}

impl Preview for Tables {
    const MEDIA_TYPES: &[&str] = TABLES;

    fn open(object: &ToPreview) -> Result<View> {
        if object.size == 0 {
            return Ok(shape::nothing());
        }
        // A page fetches the rows that it shows; one row tells whether there are any to fetch.
        let window = if object.on_page() { 1 } else { object.window.clamp(1, 200) };
        let start = if object.on_page() { 0 } else { object.start };
        match sql::rows(&object.text, start, window).map_err(Error::from) {
            Ok(_) if object.on_page() => Ok(shape::pointed_at(&object.text)),
            Ok((columns, rows)) => {
                shape::view(&columns, &rows, &object.text, object.start, rows.len() == window as usize)
            }
            Err(error) if error.kind() == Kind::Invalid => shape::unreadable(&object.media_type, error),
            Err(error) => Err(error),
        }
    }
}
