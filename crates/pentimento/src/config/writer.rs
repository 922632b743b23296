//! How a resolved configuration is written down.

use std::fmt::Display;
use std::time::Duration;

use super::{duration, size};

#[derive(Default)]
pub(super) struct Writer {
    text: String,
}

impl Writer {
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// `[cache]` or `[[source]]`
    pub(super) fn section(&mut self, title: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.text.push_str(&format!("{gap}{title}\n"));
    }

    /// A number, `true` or `false`.
    pub(super) fn plain(&mut self, key: &str, value: impl Display) {
        self.text.push_str(&format!("{key} = {value}\n"));
    }

    pub(super) fn text(&mut self, key: &str, value: impl Display) {
        self.plain(key, Self::quoted(value));
    }

    pub(super) fn list(&mut self, key: &str, values: impl IntoIterator<Item = impl Display>) {
        let values: Vec<_> = values.into_iter().map(Self::quoted).collect();
        self.plain(key, format!("[{}]", values.join(", ")));
    }

    /// `key = { name = value, … }`; the values as they stand in the file.
    pub(super) fn table<'a>(&mut self, key: &str, entries: impl IntoIterator<Item = (&'a str, String)>) {
        self.plain(key, Self::inline(entries));
    }

    /// `key = [{ name = value, … }, …]`
    pub(super) fn tables<'a, E>(&mut self, key: &str, tables: impl IntoIterator<Item = E>)
    where
        E: IntoIterator<Item = (&'a str, String)>,
    {
        let tables: Vec<_> = tables.into_iter().map(Self::inline).collect();
        self.plain(key, format!("[{}]", tables.join(", ")));
    }

    fn inline<'a>(entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
        let entries: Vec<_> = entries.into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!("{{ {} }}", entries.join(", "))
    }

    pub(super) fn quoted(value: impl Display) -> String {
        toml::Value::String(value.to_string()).to_string()
    }

    pub(super) fn size(&mut self, key: &str, bytes: impl Into<u64>) {
        self.text(key, size::written(bytes.into()));
    }

    pub(super) fn duration(&mut self, key: &str, duration: Duration) {
        self.text(key, duration::written(duration));
    }

    pub(super) fn lifetime(&mut self, key: &str, seconds: u32) {
        self.duration(key, Duration::from_secs(seconds.into()));
    }

    pub(super) fn note(&mut self, line: &str) {
        self.text.push_str(&format!("# {line}\n"));
    }

    /// For what cannot be loaded again because a part of it is not shown.
    pub(super) fn as_comment(&mut self, write: impl FnOnce(&mut Writer)) {
        let mut inner = Writer::default();
        write(&mut inner);
        self.text.push('\n');
        for line in inner.text.lines() {
            self.note(line.trim_start_matches("# "));
        }
    }
}
