//! `[catalog]`: where the truth is kept, if not in a file of the data directory.

use dialect::Excerpt;
use url::Url;

use super::node::Node;
use super::role::Role;
use super::secret::Secret;
use super::section::Section;
use super::writer::Writer;

/// A PostgreSQL that has a database for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    pub url: Url,
    pub password: Option<Secret>,
}

impl Catalog {
    /// `None` for the file in the data directory.
    pub(super) fn read(section: &mut Section, node: &Node) -> Option<Self> {
        let password = Secret::read_of_any_length(section);
        if !section.is_set("url") {
            if password.is_some() {
                section.complain(
                    "url",
                    "a secret without `url` has no use: it is the server's password".to_owned(),
                );
            }
            return None;
        }
        if !node.roles.has(Role::Control) {
            section.complain("url", "a catalog has no use for a node without the control role".to_owned());
        }
        let url = section.parsed_with("url", "a text in quotes", read_url)?;
        if password.is_some() && !url.has_host() {
            section.complain("url", "a server that asks for a password has a host in its address".to_owned());
        }
        Some(Self { url, password })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[catalog]");
        out.text("url", &self.url);
        if let Some(password) = &self.password {
            password.from.write(out);
        }
    }
}

fn read_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|why| {
        format!("{} is not a URL ({why}): allowed is postgres://USER@HOST/DATABASE", Excerpt::of(text))
    })?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        let scheme = Excerpt::of(url.scheme());
        return Err(format!("the scheme {scheme} is not allowed: allowed is postgres://USER@HOST/DATABASE"));
    }
    // The message does not repeat the URL: it contains a password.
    if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
        return Err(
            "the password has no place in the URL: write `secret`, `secret_file` or `secret_env`".to_owned()
        );
    }
    if url.path().len() < 2 && !url.query_pairs().any(|(name, _)| name == "dbname") {
        return Err("the URL names no database: allowed is postgres://USER@HOST/DATABASE".to_owned());
    }
    Ok(url)
}
