//! The arguments of one call, by name and type.
//!
//! The host has checked names, types, choices and required ones, and has filled in defaults; what is
//! refused here is a call that did not come through it.

use crate::{Address, Error, Result};
use serde_json::{Map, Value};

/// The arguments of one call of a command.
///
/// ```
/// use kamld_sdk::Args;
/// let args = Args::from_json(r#"{"asset": "birds/strikes", "limit": 20, "tag": ["raw", "faa"], "force": true}"#)?;
/// assert_eq!(args.asset("asset")?.asset_id(), "birds/strikes");
/// assert_eq!(args.integer("limit")?, Some(20));
/// assert_eq!(args.texts("tag")?, ["raw", "faa"]);
/// assert!(args.flag("force"));
/// assert_eq!(args.text("message")?, None);
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Args(Map<String, Value>);

impl Args {
    /// Reads the JSON object that the host hands over; empty text is no arguments.
    pub fn from_json(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(Error::invalid("the arguments are not a JSON object")),
            Err(error) => Err(Error::invalid(format!("the arguments are not JSON: {error}"))),
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn need<T>(&self, name: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| Error::invalid(format!("'{name}' is missing")))
    }

    /// A text, when it was given.
    pub fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(format!("'{name}' must be a text"))),
        }
    }

    /// A text that must be there.
    pub fn need_text(&self, name: &str) -> Result<&str> {
        self.need(name, self.text(name)?)
    }

    /// The values of a repeated argument; none when it was not given.
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        let fail = || Error::invalid(format!("'{name}' must be a list of texts"));
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(values)) => {
                values.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(fail)).collect()
            }
            Some(_) => Err(fail()),
        }
    }

    /// A whole number, when it was given.
    pub fn integer(&self, name: &str) -> Result<Option<i64>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => {
                value.as_i64().map(Some).ok_or_else(|| Error::invalid(format!("'{name}' must be a whole number")))
            }
        }
    }

    /// A whole number between two bounds, both allowed; `otherwise` when none was given.
    ///
    /// ```
    /// use kamld_sdk::Args;
    /// let args = Args::from_json(r#"{"limit": 5000}"#)?;
    /// assert_eq!(args.integer_within("start", 0, i64::MAX, 0)?, 0);
    /// let error = args.integer_within("limit", 1, 1000, 20).unwrap_err();
    /// assert_eq!(error.message(), "'limit' must be between 1 and 1000, not 5000");
    /// # Ok::<(), kamld_sdk::Error>(())
    /// ```
    pub fn integer_within(&self, name: &str, least: i64, most: i64, otherwise: i64) -> Result<i64> {
        match self.integer(name)? {
            None => Ok(otherwise),
            Some(n) if (least..=most).contains(&n) => Ok(n),
            Some(n) if most == i64::MAX => Err(Error::invalid(format!("'{name}' must be at least {least}, not {n}"))),
            Some(n) => Err(Error::invalid(format!("'{name}' must be between {least} and {most}, not {n}"))),
        }
    }

    /// A number, when it was given.
    pub fn number(&self, name: &str) -> Result<Option<f64>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| Error::invalid(format!("'{name}' must be a number"))),
        }
    }

    /// Whether a flag was given.
    pub fn flag(&self, name: &str) -> bool {
        self.value(name) == Some(&Value::Bool(true))
    }

    /// An address, when it was given.
    pub fn address(&self, name: &str) -> Result<Option<Address>> {
        self.text(name)?.map(str::parse).transpose()
    }

    /// An address that must be there.
    pub fn need_address(&self, name: &str) -> Result<Address> {
        self.need(name, self.address(name)?)
    }

    /// An asset that must be there, perhaps at a ref, without a path.
    pub fn asset(&self, name: &str) -> Result<Address> {
        self.need_address(name)?.need_no_path()
    }
}
