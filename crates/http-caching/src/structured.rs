//! Structured fields (RFC 8941), as far as this crate reads and writes them: dictionaries, lists, strings, tokens.

/// An item, without its parameters: no field that we read gives them a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Boolean(bool),
    Integer(i64),
    String(String),
    /// A decimal, token, byte sequence or inner list: well-formed, and not what any directive takes.
    Other,
}

/// A whole dictionary (RFC 8941 §4.2.2), or nothing: what fails to parse is ignored as a whole (§4.2).
/// Of a key that is given twice the last value counts, as §3.2 demands.
pub(crate) fn dictionary(text: &str) -> Option<Vec<(String, Item)>> {
    let mut input = Input { rest: text.trim_matches(' ').as_bytes() };
    let mut members: Vec<(String, Item)> = Vec::new();
    while !input.rest.is_empty() {
        let key = input.key()?;
        let value = if input.take(b'=') { input.item_or_inner_list()? } else { Item::Boolean(true) };
        input.parameters()?;
        members.retain(|(known, _)| *known != key);
        members.push((key, value));
        if !input.next_member()? {
            break;
        }
    }
    Some(members)
}

/// A whole list (RFC 8941 §4.2.1), or nothing.
pub(crate) fn list(text: &str) -> Option<Vec<Item>> {
    let mut input = Input { rest: text.trim_matches(' ').as_bytes() };
    let mut members = Vec::new();
    while !input.rest.is_empty() {
        members.push(input.item_or_inner_list()?);
        input.parameters()?;
        if !input.next_member()? {
            break;
        }
    }
    Some(members)
}

/// Text as an sf-string. It holds printable ASCII only (RFC 8941 §3.3.3); other bytes are percent-encoded.
pub(crate) fn string(text: &str) -> String {
    let mut string = String::with_capacity(text.len() + 2);
    string.push('"');
    for b in text.bytes() {
        match b {
            b'"' | b'\\' => string.extend(['\\', char::from(b)]),
            b' '..=b'~' => string.push(char::from(b)),
            _ => string.push_str(&format!("%{b:02X}")),
        }
    }
    string.push('"');
    string
}

/// Whether text can be written as an sf-token (RFC 8941 §3.3.4).
pub(crate) fn is_token(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '*') && text.bytes().all(is_token_byte)
}

fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&b)
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take(&mut self, expected: u8) -> bool {
        let taken = self.rest.first() == Some(&expected);
        if taken {
            self.rest = &self.rest[1..];
        }
        taken
    }

    fn skip_while(&mut self, matches: impl Fn(u8) -> bool) -> &'a [u8] {
        let len = self.rest.iter().position(|&b| !matches(b)).unwrap_or(self.rest.len());
        let (skipped, rest) = self.rest.split_at(len);
        self.rest = rest;
        skipped
    }

    /// Behind a member: whether another follows; `None` for anything but a comma between two.
    fn next_member(&mut self) -> Option<bool> {
        let is_space = |b| matches!(b, b' ' | b'\t');
        self.skip_while(is_space);
        if self.rest.is_empty() {
            return Some(false);
        }
        let comma = self.take(b',');
        self.skip_while(is_space);
        (comma && !self.rest.is_empty()).then_some(true)
    }

    fn key(&mut self) -> Option<String> {
        if !matches!(self.rest.first()?, b'a'..=b'z' | b'*') {
            return None;
        }
        let key = self.skip_while(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*'));
        String::from_utf8(key.to_vec()).ok()
    }

    fn parameters(&mut self) -> Option<()> {
        while self.take(b';') {
            self.skip_while(|b| b == b' ');
            self.key()?;
            if self.take(b'=') {
                self.item()?;
            }
        }
        Some(())
    }

    fn item_or_inner_list(&mut self) -> Option<Item> {
        if !self.take(b'(') {
            return self.item();
        }
        loop {
            self.skip_while(|b| b == b' ');
            if self.take(b')') {
                return Some(Item::Other);
            }
            self.item()?;
            self.parameters()?;
            if !matches!(self.rest.first()?, b' ' | b')') {
                return None;
            }
        }
    }

    fn item(&mut self) -> Option<Item> {
        match self.rest.first()? {
            b'-' | b'0'..=b'9' => self.number(),
            b'"' => self.quoted(),
            b'?' => {
                self.next();
                match self.next()? {
                    b'0' => Some(Item::Boolean(false)),
                    b'1' => Some(Item::Boolean(true)),
                    _ => None,
                }
            }
            b':' => {
                self.next();
                self.skip_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
                self.take(b':').then_some(Item::Other)
            }
            b'*' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.skip_while(is_token_byte);
                Some(Item::Other)
            }
            _ => None,
        }
    }

    /// §4.2.4: at most 15 digits, or 12 and a fraction of 1 to 3.
    fn number(&mut self) -> Option<Item> {
        let negative = self.take(b'-');
        let whole = self.skip_while(|b| b.is_ascii_digit());
        if self.take(b'.') {
            let fraction = self.skip_while(|b| b.is_ascii_digit());
            let valid = (1..=12).contains(&whole.len()) && (1..=3).contains(&fraction.len());
            return valid.then_some(Item::Other);
        }
        if !(1..=15).contains(&whole.len()) {
            return None;
        }
        let integer: i64 = str::from_utf8(whole).ok()?.parse().ok()?;
        Some(Item::Integer(if negative { -integer } else { integer }))
    }

    fn quoted(&mut self) -> Option<Item> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next()? {
                b'"' => return Some(Item::String(text)),
                b'\\' => match self.next()? {
                    escaped @ (b'"' | b'\\') => text.push(char::from(escaped)),
                    _ => return None,
                },
                b @ b' '..=b'~' => text.push(char::from(b)),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_dictionary_is_read_whole_or_not_at_all() {
        let flag = |key: &str| (key.to_owned(), Item::Boolean(true));
        for (text, expected) in [
            ("", Some(vec![])),
            ("a", Some(vec![flag("a")])),
            ("  a , b\t,\tc ", Some(vec![flag("a"), flag("b"), flag("c")])),
            ("a=10", Some(vec![("a".to_owned(), Item::Integer(10))])),
            ("a=-10", Some(vec![("a".to_owned(), Item::Integer(-10))])),
            ("a=1, a=2", Some(vec![("a".to_owned(), Item::Integer(2))])),
            ("a=?0", Some(vec![("a".to_owned(), Item::Boolean(false))])),
            (r#"a="x\"\\y, z""#, Some(vec![("a".to_owned(), Item::String(r#"x"\y, z"#.to_owned()))])),
            ("a=tok/en", Some(vec![("a".to_owned(), Item::Other)])),
            ("a=1.5", Some(vec![("a".to_owned(), Item::Other)])),
            ("a=:aGk=:", Some(vec![("a".to_owned(), Item::Other)])),
            (r#"a=("x" 1;q=2)"#, Some(vec![("a".to_owned(), Item::Other)])),
            ("a=();q", Some(vec![("a".to_owned(), Item::Other)])),
            (r#"a=1;b; c="x";d=?0, e"#, Some(vec![("a".to_owned(), Item::Integer(1)), flag("e")])),
            ("a;b", Some(vec![flag("a")])),
            ("a,", None),
            (",a", None),
            ("a,,b", None),
            ("a b", None),
            ("A", None),
            ("a=", None),
            ("a =1", None),
            ("a= 1", None),
            ("a=?2", None),
            ("a=1.", None),
            ("a=1.1234", None),
            ("a=1234567890123456", None),
            ("a=--1", None),
            (r#"a="x"#, None),
            (r#"a="\x""#, None),
            ("a=(1", None),
            ("a=(1,2)", None),
            ("a=:aGk", None),
            ("a=1;", None),
            ("a=1, &&&&&", None),
            ("é", None),
        ] {
            assert_eq!(dictionary(text), expected, "{text}");
        }
    }

    #[test]
    fn a_string_escapes_and_stays_ascii() {
        assert_eq!(string("a b"), r#""a b""#);
        assert_eq!(string(r#"say "\""#), r#""say \"\\\"""#);
        assert_eq!(string("é\r\n"), r#""%C3%A9%0D%0A""#);
    }

    #[test]
    fn a_token_begins_with_a_letter() {
        assert!(is_token("edge-1.example:8080"));
        for text in ["", "1", "a b", "\"", "é"] {
            assert!(!is_token(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_dictionary_or_not(text in "\\PC{0,40}|([a-z]{1,3}(=[0-9\"(;:?. ]{0,4})?[, ]{0,2}){0,6}") {
            let _ = dictionary(&text);
        }

        #[test]
        fn what_is_written_as_a_string_is_read_back(text in "[ -~]{0,40}") {
            let read = dictionary(&format!("a={}", string(&text)));
            prop_assert_eq!(read, Some(vec![("a".to_owned(), Item::String(text))]));
        }
    }
}
