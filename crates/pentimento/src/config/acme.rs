//! `[acme]`: hosts that get their certificates from an authority.

use std::path::PathBuf;

use dialect::Excerpt;
use url::Url;

use super::section::Section;
use super::web_address;
use super::writer::Writer;

const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    pub hosts: Vec<String>,
    /// A mail address, for an authority that wants to tell something.
    pub contact: Option<String>,
    pub terms_agreed: bool,
    pub directory: Url,
    pub directory_root: Option<PathBuf>,
}

impl Acme {
    pub(super) fn read(section: &mut Section) -> Self {
        let hosts = read_hosts(section);
        let terms_agreed = section.boolean("terms_agreed").unwrap_or(false);
        if !hosts.is_empty() && !terms_agreed {
            let message = "an authority issues certificates to those who agree to its terms: read them, and say \
                           `terms_agreed = true`";
            section.complain("terms_agreed", message.to_owned());
        }
        let directory = section.parsed_with("directory", "a URL in quotes", |text| {
            let url = web_address::base(text).map_err(|error| error.to_string())?;
            if url.scheme() == "https" { Ok(url) } else { Err("only https is allowed here".to_owned()) }
        });
        Self {
            hosts,
            contact: section.parsed_with("contact", "a mail address in quotes", valid_contact),
            terms_agreed,
            directory: directory.unwrap_or_else(lets_encrypt),
            directory_root: section.text("directory_root").map(PathBuf::from),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        if self.hosts.is_empty() {
            return;
        }
        out.section("[acme]");
        out.list("hosts", &self.hosts);
        if let Some(contact) = &self.contact {
            out.text("contact", contact);
        }
        out.plain("terms_agreed", self.terms_agreed);
        out.text("directory", &self.directory);
        if let Some(root) = &self.directory_root {
            out.text("directory_root", root.display());
        }
    }
}

/// Nobody asks for anything.
impl Default for Acme {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            contact: None,
            terms_agreed: false,
            directory: lets_encrypt(),
            directory_root: None,
        }
    }
}

fn lets_encrypt() -> Url {
    Url::parse(LETS_ENCRYPT).expect("the constant is a URL")
}

fn read_hosts(section: &mut Section) -> Vec<String> {
    let mut hosts = Vec::new();
    for (at, text) in section.list("hosts").unwrap_or_default() {
        match valid_host(&text) {
            Ok(host) if hosts.contains(&host) => {
                section.complain_at(at, format!("`hosts`: {host} is named twice"));
            }
            Ok(host) => hosts.push(host),
            Err(why) => section.complain_at(at, format!("`hosts`: {why}")),
        }
    }
    hosts
}

/// A name whose server an authority can ask. It becomes a file's name as well.
fn valid_host(text: &str) -> Result<String, String> {
    let host = text.to_ascii_lowercase();
    if host.starts_with("*.") {
        return Err(format!(
            "{} cannot be had by http-01: put a certificate for it into files",
            Excerpt::of(text)
        ));
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_name = host.len() <= 253
        && host.contains('.')
        && host.split('.').all(label)
        && !host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_name {
        Ok(host)
    } else {
        Err(format!("{} is not a host's full name, such as \"img.example.com\"", Excerpt::of(text)))
    }
}

fn valid_contact(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | '?' | '%' | ':' | '/' | '"' | '\\');
    match text.split_once('@') {
        Some((name, host)) if !name.is_empty() && host.contains('.') && text.chars().all(allowed) => {
            Ok(text.to_owned())
        }
        _ => Err(format!("{} is not a mail address, such as \"ops@example.com\"", Excerpt::of(text))),
    }
}
