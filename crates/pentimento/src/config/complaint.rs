//! What is wrong with a configuration, and where it was written.

use std::fmt;

/// Where a setting was written. Ordered as complaints are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The file as a whole, or no place at all: a default.
    Whole,
    /// Both counted from 1; columns in characters.
    File { line: usize, column: usize },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl Origin {
    /// The place of the byte `offset` of `text`.
    pub(super) fn in_file(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
        }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Complaint {
    pub at: Origin,
    pub message: String,
}

/// All that is wrong with a configuration, one complaint a line.
#[derive(Debug, thiserror::Error)]
pub struct ConfigErrors {
    file: String,
    complaints: Vec<Complaint>,
}

impl ConfigErrors {
    pub(super) fn new(file: &str, mut complaints: Vec<Complaint>) -> Self {
        complaints.sort();
        complaints.dedup();
        Self { file: file.to_owned(), complaints }
    }

    pub(super) fn whole(file: &str, message: String) -> Self {
        Self::new(file, vec![Complaint { at: Origin::Whole, message }])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Complaint { at, message }) in self.complaints.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            match at {
                Origin::Whole => write!(f, "{}", self.file)?,
                Origin::File { line, column } => write!(f, "{}:{line}:{column}", self.file)?,
                Origin::Variable(name) => f.write_str(name)?,
                Origin::Flag(name) => f.write_str(name)?,
            }
            write!(f, ": {message}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let text = "a = 1\nü = 2\n";
        let place = |offset| Origin::in_file(text, offset);
        assert_eq!(place(0), Origin::File { line: 1, column: 1 });
        assert_eq!(place(4), Origin::File { line: 1, column: 5 });
        assert_eq!(place(11), Origin::File { line: 2, column: 5 });
        assert_eq!(place(usize::MAX), Origin::File { line: 3, column: 1 });
    }
}
