//! A section of the configuration while it is read: it takes the settings that somebody asks for, and complains about
//! wrong values and about all that nobody asked for.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use dialect::Excerpt;

use super::complaint::{Complaint, Origin};
use super::document::{Item, Table, Value};
use super::suggestion::suggestion;
use super::{duration, size};

/// What all sections share while they are read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub complaints: Vec<Complaint>,
    /// The environment, for secrets that are named by their variable.
    pub variables: BTreeMap<String, String>,
}

pub(super) struct Section<'a> {
    /// As it is written: `[cache]`, `[[source]]`, or nothing for the file itself.
    title: String,
    table: Option<&'a Table>,
    known: Vec<&'static str>,
    reading: &'a mut Reading,
}

impl<'a> Section<'a> {
    /// The file as a whole.
    pub(super) fn read_file<T>(
        root: &'a Table,
        reading: &'a mut Reading,
        read: impl FnOnce(&mut Section) -> T,
    ) -> T {
        Section { title: String::new(), table: Some(root), known: Vec::new(), reading }.read(read)
    }

    fn read<T>(mut self, read: impl FnOnce(&mut Section) -> T) -> T {
        let result = read(&mut self);
        self.complain_of_the_rest();
        result
    }

    /// `[name]`; where it is missing, `read` finds nothing in it.
    pub(super) fn section<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Section) -> T) -> T {
        let table = match self.take(name).map(|item| &item.value) {
            Some(Value::Table(table)) => Some(table),
            Some(_) => {
                self.complain(name, format!("`{name}` is a section: write [{name}]"));
                None
            }
            None => None,
        };
        let title = format!("[{name}]");
        Section { title, table, known: Vec::new(), reading: self.reading }.read(read)
    }

    /// Each `[[name]]`. Those that `read` gives up have left a complaint.
    pub(super) fn sections<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Section) -> Option<T>,
    ) -> Vec<T> {
        let items: &[Item] = match self.take(name).map(|item| &item.value) {
            Some(Value::List(items)) => items,
            Some(_) => {
                let message = match self.at(name) {
                    Origin::Variable(_) => {
                        format!("[[{name}]] is a list: it can only be written in the file")
                    }
                    _ => format!("there may be several of these: write [[{name}]]"),
                };
                self.complain(name, message);
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let mut found = Vec::new();
        for item in items {
            let Value::Table(table) = &item.value else {
                self.complain_at(item.at.clone(), format!("`{name}` is a section: write [[{name}]]"));
                continue;
            };
            let title = format!("[[{name}]]");
            let section = Section { title, table: Some(table), known: Vec::new(), reading: self.reading };
            found.extend(section.read(&mut read));
        }
        found
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.reading.variables.get(name).map(String::as_str)
    }

    /// Where a setting was written; its section where it was not.
    pub(super) fn at(&self, key: &str) -> Origin {
        let Some(table) = self.table else { return Origin::Whole };
        table.entries.get(key).map_or_else(|| table.at.clone(), |entry| entry.item.at.clone())
    }

    pub(super) fn is_set(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.entries.contains_key(key))
    }

    pub(super) fn is_set_outside(&self, key: &str) -> bool {
        self.is_set(key) && matches!(self.at(key), Origin::Variable(_) | Origin::Flag(_))
    }

    /// At the place of the setting.
    pub(super) fn complain(&mut self, key: &str, message: String) {
        self.complain_at(self.at(key), message);
    }

    pub(super) fn complain_at(&mut self, at: Origin, message: String) {
        self.reading.complaints.push(Complaint { at, message });
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        self.value(key, "true or false", |value| match value {
            Value::Boolean(boolean) => Some(Ok(*boolean)),
            Value::Outside(text) => {
                Some(text.parse().map_err(|_| format!("{} is neither true nor false", Excerpt::of(text))))
            }
            _ => None,
        })
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.value(key, "a text in quotes", |value| text_of(value).map(|text| Ok(text.to_owned())))
    }

    /// A text that means something. Its error says what was found and what is allowed.
    pub(super) fn parsed<T>(&mut self, key: &'static str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        self.parsed_with(key, "a text in quotes", str::parse)
    }

    pub(super) fn parsed_with<T, E: Display>(
        &mut self,
        key: &'static str,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.value(key, what, |value| {
            text_of(value).map(|text| parse(text).map_err(|error| error.to_string()))
        })
    }

    /// Each text of a list, with its place.
    pub(super) fn list(&mut self, key: &'static str) -> Option<Vec<(Origin, String)>> {
        let item = self.take(key)?;
        let items = match &item.value {
            Value::List(items) => items,
            Value::Outside(text) => {
                let texts = text.split(',').map(|text| (item.at.clone(), text.trim().to_owned()));
                return Some(texts.collect());
            }
            other => {
                let message =
                    format!("`{key}` must be a list of texts, such as [\"…\", \"…\"], not {}", other.kind());
                self.complain(key, message);
                return None;
            }
        };
        let mut texts = Vec::new();
        for Item { at, value } in items {
            match value {
                Value::Text(text) => texts.push((at.clone(), text.clone())),
                other => {
                    let message = format!("`{key}` must be a list of texts; this is {}", other.kind());
                    self.complain_at(at.clone(), message);
                }
            }
        }
        Some(texts)
    }

    /// A text, or a list of texts: each with its place.
    pub(super) fn one_or_more(&mut self, key: &'static str, what: &str) -> Option<Vec<(Origin, String)>> {
        match self.table.and_then(|table| table.entries.get(key)).map(|entry| &entry.item.value) {
            Some(Value::List(_) | Value::Outside(_)) => self.list(key),
            _ => {
                let at = self.at(key);
                let text = self.value(key, what, |value| text_of(value).map(|text| Ok(text.to_owned())))?;
                Some(vec![(at, text)])
            }
        }
    }

    /// `key = { … }`; `None` where it is missing, or `read` gave up and left a complaint.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section) -> Option<T>,
    ) -> Option<T> {
        let table = match &self.take(key)?.value {
            Value::Table(table) => table,
            other => {
                let message = format!("`{key}` must be a table, such as {{ … }}, not {}", other.kind());
                self.complain(key, message);
                return None;
            }
        };
        let title = format!("`{key}`");
        Section { title, table: Some(table), known: Vec::new(), reading: self.reading }.read(read)
    }

    /// Each `{ … }` of a list; a text alone stands for a table with nothing but `main`.
    pub(super) fn entries<T>(
        &mut self,
        key: &'static str,
        main: &'static str,
        mut read: impl FnMut(&mut Section) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = match &self.take(key)?.value {
            Value::List(items) => items,
            other => {
                let message = format!(
                    "`{key}` must be a list, such as [\"…\", {{ {main} = \"…\" }}], not {}",
                    other.kind()
                );
                self.complain(key, message);
                return None;
            }
        };
        let mut found = Vec::new();
        for Item { at, value } in items {
            let alone;
            let table = match value {
                Value::Table(table) => table,
                Value::Text(text) => {
                    alone = Table::with(main, at.clone(), text.clone());
                    &alone
                }
                other => {
                    let message = format!("`{key}` is a list of texts and tables; this is {}", other.kind());
                    self.complain_at(at.clone(), message);
                    continue;
                }
            };
            let title = format!("`{key}`");
            let section = Section { title, table: Some(table), known: Vec::new(), reading: self.reading };
            found.extend(section.read(&mut read));
        }
        Some(found)
    }

    pub(super) fn count<T>(&mut self, key: &'static str, default: T, allowed: RangeInclusive<T>) -> T
    where
        T: Copy + PartialOrd + Display + TryFrom<i64>,
    {
        let (min, max) = (*allowed.start(), *allowed.end());
        let checked = |number: i64| {
            let inside = T::try_from(number).ok().filter(|number| allowed.contains(number));
            inside.ok_or_else(|| format!("{number} is out of bounds: allowed are {min} to {max}"))
        };
        let found = self.value(key, "a whole number", |value| match value {
            Value::Integer(number) => Some(checked(*number)),
            Value::Outside(text) => Some(match text.parse() {
                Ok(number) => checked(number),
                Err(_) => Err(format!("{} is not a whole number", Excerpt::of(text))),
            }),
            _ => None,
        });
        found.unwrap_or(default)
    }

    /// In bytes.
    pub(super) fn size(&mut self, key: &'static str, default: u64, allowed: RangeInclusive<u64>) -> u64 {
        let checked = |bytes: u64| {
            let [found, min, max] = [bytes, *allowed.start(), *allowed.end()].map(size::written);
            let inside = allowed.contains(&bytes).then_some(bytes);
            inside.ok_or_else(|| format!("{found} is out of bounds: allowed are {min} to {max}"))
        };
        let found = self.value(key, "a size, such as \"64MiB\"", |value| match value {
            Value::Integer(number) => Some(match u64::try_from(*number) {
                Ok(bytes) => checked(bytes),
                Err(_) => Err(format!("{number} {}", size::NotASize)),
            }),
            value => text_of(value).map(|text| match size::parse(text) {
                Ok(bytes) => checked(bytes),
                Err(why) => Err(format!("{} {why}", Excerpt::of(text))),
            }),
        });
        found.unwrap_or(default)
    }

    pub(super) fn duration(
        &mut self,
        key: &'static str,
        default: Duration,
        allowed: RangeInclusive<Duration>,
    ) -> Duration {
        let found = self.parsed_with(key, "a duration, such as \"30s\"", |text| {
            let found = duration_of(text)?;
            let [shown, min, max] = [found, *allowed.start(), *allowed.end()].map(duration::written);
            let inside = allowed.contains(&found).then_some(found);
            inside.ok_or_else(|| format!("{shown} is out of bounds: allowed are {min} to {max}"))
        });
        found.unwrap_or(default)
    }

    /// A duration that travels in header fields, where there is nothing shorter than a second (RFC 9111 §1.2.2).
    pub(super) fn lifetime(&mut self, key: &'static str, default: u32) -> u32 {
        const DAYS_MAX: u64 = 3650;
        let found = self.parsed_with(key, "a duration, such as \"1h30m\"", |text| {
            let found = duration_of(text)?;
            let allowed = found.subsec_millis() == 0 && found.as_secs() <= DAYS_MAX * 86_400;
            let seconds = u32::try_from(found.as_secs()).ok().filter(|_| allowed);
            seconds.ok_or_else(|| {
                let found = duration::written(found);
                format!("{found} is out of bounds: allowed are whole seconds, 0s to {DAYS_MAX}d")
            })
        });
        found.unwrap_or(default)
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Item> {
        self.known.push(key);
        self.table?.entries.get(key).map(|entry| &entry.item)
    }

    /// `read` says `None` to a value of another kind than `what`.
    fn value<T>(
        &mut self,
        key: &'static str,
        what: &str,
        read: impl FnOnce(&Value) -> Option<Result<T, String>>,
    ) -> Option<T> {
        let item = self.take(key)?;
        let message = match read(&item.value) {
            Some(Ok(found)) => return Some(found),
            Some(Err(why)) => format!("`{key}`: {why}"),
            None => format!("`{key}` must be {what}, not {}", item.value.kind()),
        };
        self.complain(key, message);
        None
    }

    fn complain_of_the_rest(self) {
        let Some(table) = self.table else { return };
        for (key, entry) in &table.entries {
            if self.known.contains(&key.as_str()) {
                continue;
            }
            let not_known = match self.title.as_str() {
                "" => format!("{} is not a section", Excerpt::of(key)),
                title => format!("{} is not a setting of {title}", Excerpt::of(key)),
            };
            let hint = match suggestion(key, &self.known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known are `{}`", self.known.join("`, `")),
            };
            let message = format!("{not_known}: {hint}");
            self.reading.complaints.push(Complaint { at: entry.key_at.clone(), message });
        }
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Outside(text) => Some(text),
        _ => None,
    }
}

fn duration_of(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|why| format!("{} {why}", Excerpt::of(text)))
}
