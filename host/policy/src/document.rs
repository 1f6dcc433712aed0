//! TOML texts that people write, read with places: an unknown key, a wrong type or a bad value becomes a
//! `Problem` at its line and column, with the nearest name for a key that was mistyped.
//!
//! Must not live here: what the keys of a particular file mean.

use kamld_types::{Problem, problem::Result};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One text, known to people by the name of its file.
pub(crate) struct Document<'t> {
    name: &'t str,
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

/// One table of a document.
#[derive(Clone, Copy)]
pub(crate) struct Section<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    /// How people call it, such as `[[needs]]`; empty for the whole file.
    what: &'d str,
    /// Byte offset of its header.
    place: usize,
}

/// A value and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Field<'d, T> {
    pub value: T,
    document: &'d Document<'d>,
    place: usize,
}

impl<'t> Document<'t> {
    pub fn parse(name: &'t str, text: &'t str) -> Result<Self> {
        let root = DeTable::parse(text).map_err(|error| {
            let place = error.span().map_or(0, |span| span.start);
            problem(name, text, place, error.message().lines().collect::<Vec<_>>().join(" "))
        })?;
        Ok(Self { name, text, root })
    }

    pub fn root(&'t self) -> Section<'t> {
        Section { document: self, table: self.root.get_ref(), what: "", place: 0 }
    }

    fn problem(&self, place: usize, message: String) -> Problem {
        problem(self.name, self.text, place, message)
    }
}

/// Bytes of a message: what somebody wrote is quoted in it, and may be as long as the text.
const MESSAGE: usize = 1000;

fn problem(name: &str, text: &str, place: usize, mut message: String) -> Problem {
    if message.len() > MESSAGE {
        message.truncate(message.floor_char_boundary(MESSAGE));
        message.push('…');
    }
    let before = text.get(..place).unwrap_or(text);
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
    Problem::invalid(format!("{name}: {message}")).at(line, column)
}

impl<'d> Section<'d> {
    /// Refuses every key but the known ones.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        for key in self.table.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let place = if self.what.is_empty() { String::new() } else { format!(" in {}", self.what) };
                let problem =
                    self.document.problem(key.span().start, format!("there is no key '{}'{place}", key.get_ref()));
                return Err(match nearest(key.get_ref(), known.iter().copied()) {
                    Some(near) => problem.help(format!("did you mean '{near}'?")),
                    None => problem.help(format!("the keys are {}", known.join(", "))),
                });
            }
        }
        Ok(())
    }

    /// A problem with the section as a whole.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.document.problem(self.place, message.into())
    }

    fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.table.get(key)
    }

    fn field<T>(&self, place: &Spanned<DeValue<'d>>, value: T) -> Field<'d, T> {
        Field { value, document: self.document, place: place.span().start }
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'d>>, wanted: &str) -> Problem {
        self.document
            .problem(value.span().start, format!("'{key}' must be {wanted}, not {}", value.get_ref().type_str()))
    }

    fn missing(&self, key: &str) -> Problem {
        let place = if self.what.is_empty() { String::new() } else { format!(" in {}", self.what) };
        self.problem(format!("'{key}' is missing{place}"))
    }

    pub fn text(&self, key: &str) -> Result<Option<Field<'d, &'d str>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some(self.field(value, text.as_ref()))),
            _ => Err(self.wrong(key, value, "a text")),
        }
    }

    pub fn need_text(&self, key: &str) -> Result<Field<'d, &'d str>> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    pub fn flag(&self, key: &str) -> Result<bool> {
        match self.get(key) {
            None => Ok(false),
            Some(value) => value.get_ref().as_bool().ok_or_else(|| self.wrong(key, value, "true or false")),
        }
    }

    /// A whole number from 0 on.
    pub fn number(&self, key: &str) -> Result<Option<Field<'d, u64>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let digits = value.get_ref().as_integer().ok_or_else(|| self.wrong(key, value, "a whole number"))?;
        let problem = |wanted: &str| self.document.problem(value.span().start, format!("'{key}' must be {wanted}"));
        let number =
            u64::from_str_radix(digits.as_str(), digits.radix()).map_err(|_| problem("a whole number from 0 on"))?;
        // Whoever else reads or edits the text may know no larger ones.
        if i64::try_from(number).is_err() {
            return Err(problem(&format!("at most {}", i64::MAX)));
        }
        Ok(Some(self.field(value, number)))
    }

    pub fn texts(&self, key: &str) -> Result<Option<Field<'d, Vec<Field<'d, &'d str>>>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let items = value.get_ref().as_array().ok_or_else(|| self.wrong(key, value, "a list of texts"))?;
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => texts.push(self.field(item, text.as_ref())),
                _ => return Err(self.wrong(key, item, "a list of texts")),
            }
        }
        Ok(Some(self.field(value, texts)))
    }

    /// A list that says something: there, and not empty.
    pub fn need_texts(&self, key: &str) -> Result<Vec<Field<'d, &'d str>>> {
        let list = self.texts(key)?.ok_or_else(|| self.missing(key))?;
        if list.value.is_empty() {
            return Err(list.problem(format!("'{key}' is empty: name at least one, or leave the entry out")));
        }
        Ok(list.value)
    }

    /// The table `[what]`.
    pub fn section(&self, key: &str, what: &'d str) -> Result<Option<Section<'d>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let table = value.get_ref().as_table().ok_or_else(|| self.wrong(key, value, &format!("a table {what}")))?;
        Ok(Some(Section { document: self.document, table, what, place: value.span().start }))
    }

    /// The tables `[[what]]`, in order.
    pub fn sections(&self, key: &str, what: &'d str) -> Result<Vec<Section<'d>>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let items = value.get_ref().as_array().ok_or_else(|| self.wrong(key, value, &format!("tables {what}")))?;
        items
            .iter()
            .map(|item| {
                let table =
                    item.get_ref().as_table().ok_or_else(|| self.wrong(key, item, &format!("tables {what}")))?;
                Ok(Section { document: self.document, table, what, place: item.span().start })
            })
            .collect()
    }
}

impl<T> Field<'_, T> {
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.document.problem(self.place, message.into())
    }

    /// Puts the place of this field to a problem found in its value.
    pub fn place<R>(&self, result: Result<R>) -> Result<R> {
        result.map_err(|problem| {
            let mut placed = self.problem(problem.message);
            placed.help = problem.help;
            placed
        })
    }
}

/// The name that was probably meant: at most a third of the letters differ.
pub(crate) fn nearest<'n>(given: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, name)| distance * 3 <= name.chars().count().max(given.chars().count()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
