//! Describers: plug-ins that find out what is in an object, for the catalogue and the search.
//!
//! The host asks once for each content and keeps the answer.

use crate::{
    Address, Result,
    bindings::{
        describer::exports::kamld::metadata::describer as wit,
        imports::kamld::{metadata::types as metadata_types, plugin::types},
    },
    format,
};

pub use metadata_types::Column;

/// The most text that a description may carry, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;

/// The object to describe.
#[derive(Clone, Debug)]
pub struct ToDescribe {
    /// Where it is, with its ref.
    pub address: Address,
    /// The same, as text.
    pub text: String,
    /// Its media type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
}

/// What was found out.
///
/// ```
/// use kamld_sdk::Description;
/// let description = Description::new("PNG, 640 × 480").fact("Width", "640 px").fact("Height", "480 px");
/// assert_eq!(description.summary(), "PNG, 640 × 480");
/// ```
#[derive(Clone, Debug)]
pub struct Description(metadata_types::Description);

impl Description {
    /// With one short line.
    pub fn new(summary: impl Into<String>) -> Self {
        let (columns, facts, text) = (Vec::new(), Vec::new(), String::new());
        Self(metadata_types::Description { summary: summary.into(), rows: None, columns, facts, text })
    }

    /// How many rows a table has.
    #[must_use]
    pub fn rows(mut self, rows: u64) -> Self {
        self.0.rows = Some(rows);
        self
    }

    /// The columns of a table.
    #[must_use]
    pub fn columns(mut self, columns: Vec<Column>) -> Self {
        self.0.columns = columns;
        self
    }

    /// Adds a named fact.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.facts.push((name.into(), value.into()));
        self
    }

    /// Plain text for search; what is beyond 64 KiB is left away.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.0.text = format::cut(text, MAX_TEXT).to_owned();
        self
    }

    /// The short line.
    pub fn summary(&self) -> &str {
        &self.0.summary
    }

    /// The named facts, in order.
    pub fn facts(&self) -> &[(String, String)] {
        &self.0.facts
    }
}

/// Implemented by a plug-in that describes objects; register it with `describer: YOURS` in [`plugin!`](crate::plugin).
///
/// ```
/// use kamld_sdk::{Describe, Description, Result, ToDescribe, format};
/// struct Sizes;
/// impl Describe for Sizes {
///     const MEDIA_TYPES: &[&str] = &["application/octet-stream"];
///     fn describe(object: &ToDescribe) -> Result<Description> {
///         Ok(Description::new(format!("data, {}", format::bytes(object.size))))
///     }
/// }
/// ```
pub trait Describe {
    /// Most fitting first; one may end in `/*`.
    const MEDIA_TYPES: &[&str];

    /// Finds out what is in the object. `invalid` leaves it to the next describer of its media type.
    fn describe(object: &ToDescribe) -> Result<Description>;
}

#[doc(hidden)]
pub fn describe<T: Describe>(request: wit::Request) -> Result<metadata_types::Description, types::Error> {
    let address = request.address.parse::<Address>()?;
    let object = ToDescribe { address, text: request.address, media_type: request.media_type, size: request.size };
    Ok(T::describe(&object)?.0)
}
