//! The text of a configuration as a tree in which each value knows where it was written.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::complaint::{Complaint, Origin};

#[derive(Debug)]
pub(super) struct Item {
    pub at: Origin,
    pub value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Item>),
    Table(Table),
    /// What no setting is, by its name.
    Other(&'static str),
    /// The text of a variable or flag: whoever reads the setting knows what it must be.
    Outside(String),
}

#[derive(Debug)]
pub(super) struct Table {
    pub at: Origin,
    pub entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub key_at: Origin,
    pub item: Item,
}

impl Value {
    /// With its article, for complaints.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) | Value::Outside(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a section",
            Value::Other(kind) => kind,
        }
    }
}

impl Table {
    pub(super) fn empty(at: Origin) -> Self {
        Self { at, entries: BTreeMap::new() }
    }

    /// One text, at the place where it stands.
    pub(super) fn with(key: &str, at: Origin, text: String) -> Self {
        let item = Item { at: at.clone(), value: Value::Text(text) };
        let entry = Entry { key_at: at.clone(), item };
        Self { at, entries: BTreeMap::from([(key.to_owned(), entry)]) }
    }

    /// Puts a setting from outside the file over whatever the file says.
    pub(super) fn set(
        &mut self,
        section: &str,
        key: &str,
        at: Origin,
        text: String,
    ) -> Result<(), Complaint> {
        let entry = self.entries.entry(section.to_owned()).or_insert_with(|| {
            let value = Value::Table(Table::empty(at.clone()));
            Entry { key_at: at.clone(), item: Item { at: at.clone(), value } }
        });
        match &mut entry.item.value {
            Value::Table(table) => {
                let item = Item { at: at.clone(), value: Value::Outside(text) };
                table.entries.insert(key.to_owned(), Entry { key_at: at, item });
                Ok(())
            }
            _ => {
                let message = format!("[[{section}]] is a list: it can only be written in the file");
                Err(Complaint { at, message })
            }
        }
    }
}

/// Reads as much as can be read. `Err` where what follows the complaint cannot be trusted to be what was meant.
pub(super) fn parse(text: &str, complaints: &mut Vec<Complaint>) -> Result<Table, ()> {
    let (document, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    for error in errors {
        let span = error.span().unwrap_or_default();
        let at = Origin::in_file(text, span.start);
        let found = text.get(span).unwrap_or_default();
        // The parser takes an unquoted value for the text that it should have been, and is not confused by it.
        let unquoted = error.message().starts_with("string values must be quoted");
        // The value itself is not repeated: it may be a secret.
        let message = match (unquoted, found) {
            (true, "") => "a value is missing".to_owned(),
            (true, _) => "this must be written in quotes, like all texts, sizes and durations".to_owned(),
            (false, _) => error.message().replace('\n', " "),
        };
        complaints.push(Complaint { at, message });
        if !unquoted || found.is_empty() {
            return Err(());
        }
    }
    Ok(table(text, Origin::Whole, document.get_ref()))
}

fn table(text: &str, at: Origin, table: &DeTable<'_>) -> Table {
    let entry = |key: &toml::Spanned<_>, value: &toml::Spanned<DeValue<'_>>| Entry {
        key_at: Origin::in_file(text, key.span().start),
        item: item(text, value),
    };
    let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), entry(key, value))).collect();
    Table { at, entries }
}

fn item(text: &str, found: &toml::Spanned<DeValue<'_>>) -> Item {
    let at = Origin::in_file(text, found.span().start);
    let value = match found.get_ref() {
        DeValue::String(string) => Value::Text(string.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => Value::Integer(integer),
            Err(_) => Value::Other("a number beyond all bounds"),
        },
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(array) => Value::List(array.iter().map(|found| item(text, found)).collect()),
        DeValue::Table(found) => Value::Table(table(text, at.clone(), found)),
    };
    Item { at, value }
}
