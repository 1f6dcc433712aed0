//! Records of delimited text, field by field: for headers, for finding out types, and for saying what is wrong where.
//!
//! Must not live here: the fast path (rows are decoded by `arrow`). Invariant: records end exactly where `arrow`'s
//! reader ends them: at a line end outside quotes; a quote opens only at the start of a field; blank lines are none.

use std::borrow::Cow;

/// One value and where it begins in the text.
pub(crate) struct Field<'a> {
    pub text: Cow<'a, [u8]>,
    pub start: usize,
}

impl Field<'_> {
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }
}

/// The record at or behind `from`, and where the next one may begin.
pub(crate) fn record(data: &[u8], from: usize, delimiter: u8) -> Option<(Vec<Field<'_>>, usize)> {
    let mut at = from;
    while at < data.len() && matches!(data[at], b'\n' | b'\r') {
        at += 1;
    }
    if at >= data.len() {
        return None;
    }
    let mut fields = Vec::new();
    loop {
        let start = at;
        let (text, end) = field(data, at, delimiter);
        fields.push(Field { text, start });
        match data.get(end) {
            Some(byte) if *byte == delimiter => at = end + 1,
            Some(b'\r') if data.get(end + 1) == Some(&b'\n') => return Some((fields, end + 2)),
            Some(_) => return Some((fields, end + 1)),
            None => return Some((fields, end)),
        }
    }
}

fn field(data: &[u8], start: usize, delimiter: u8) -> (Cow<'_, [u8]>, usize) {
    let plain_end = |from: usize| {
        data[from..].iter().position(|b| *b == delimiter || matches!(b, b'\n' | b'\r')).map_or(data.len(), |n| from + n)
    };
    if data.get(start) != Some(&b'"') {
        let end = plain_end(start);
        return (Cow::Borrowed(&data[start..end]), end);
    }
    let mut text = Vec::new();
    let mut at = start + 1;
    loop {
        let Some(quote) = memchr::memchr(b'"', &data[at..]).map(|n| at + n) else {
            text.extend_from_slice(&data[at..]);
            return (Cow::Owned(text), data.len());
        };
        text.extend_from_slice(&data[at..quote]);
        if data.get(quote + 1) == Some(&b'"') {
            text.push(b'"');
            at = quote + 2;
            continue;
        }
        // What stands between the closing quote and the delimiter belongs to the value.
        let end = plain_end(quote + 1);
        text.extend_from_slice(&data[quote + 1..end]);
        return (Cow::Owned(text), end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Vec<String>> {
        let mut at = 0;
        let mut found = Vec::new();
        while let Some((fields, next)) = record(text.as_bytes(), at, b',') {
            found.push(fields.iter().map(|field| field.text().into_owned()).collect());
            at = next;
        }
        found
    }

    #[test]
    fn quotes_hold_delimiters_line_ends_and_quotes() {
        assert_eq!(
            all("a,\"b,\"\"c\"\"\n\",d\r\n\n5\" pipe,\"\",\"x\"y"),
            [["a", "b,\"c\"\n", "d"], ["5\" pipe", "", "xy"]]
        );
        assert_eq!(all("a,\n,b\n"), [["a", ""], ["", "b"]]);
    }
}
