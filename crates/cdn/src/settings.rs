//! What an operator tells of a vendor: where it is, which part of it is theirs, and with what right.

use std::collections::BTreeMap;
use std::fmt;

use url::Url;

#[derive(Clone, Default, PartialEq, Eq)]
pub struct VendorSettings {
    /// Where its API is.
    pub api: Option<Url>,
    /// Of a CDN of one's own: each server.
    pub nodes: Vec<Url>,
    /// [`VendorName::own_settings`](crate::VendorName::own_settings) by their names.
    pub own: BTreeMap<&'static str, String>,
    pub secret: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{name}` may have letters, digits, - and _ only")]
    NotAName { name: &'static str },
    #[error("`{name}` must be a path without a query, such as \"/purge\"")]
    NotAPath { name: &'static str },
    #[error("`{name}` must be a server, such as \"https://login.example.com\"")]
    NotAServer { name: &'static str },
    #[error("the secret must be the JSON key file of a service account")]
    NoServiceAccount,
    #[error("the secret has characters that no header field can carry")]
    UnsendableSecret,
}

impl VendorSettings {
    pub(crate) fn api(&self) -> Result<Url, SettingsError> {
        self.api.clone().ok_or(SettingsError::Missing("api"))
    }

    pub(crate) fn nodes(&self) -> Result<Vec<Url>, SettingsError> {
        if self.nodes.is_empty() { Err(SettingsError::Missing("nodes")) } else { Ok(self.nodes.clone()) }
    }

    /// One that stands in a path.
    pub(crate) fn name(&self, name: &'static str) -> Result<String, SettingsError> {
        let text = self.own.get(name).ok_or(SettingsError::Missing(name))?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_name = (1..=128).contains(&text.len()) && text.bytes().all(allowed);
        if is_name { Ok(text.clone()) } else { Err(SettingsError::NotAName { name }) }
    }

    /// What stands before paths; nothing where it is not set.
    pub(crate) fn path(&self, name: &'static str) -> Result<String, SettingsError> {
        let Some(text) = self.own.get(name) else { return Ok(String::new()) };
        let is_path = text.starts_with('/')
            && text.len() <= 1024
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'*'));
        let path = text.trim_end_matches('/').to_owned();
        if is_path { Ok(path) } else { Err(SettingsError::NotAPath { name }) }
    }

    pub(crate) fn flag(&self, name: &'static str) -> bool {
        self.own.get(name).is_some_and(|text| text == "true")
    }

    /// A server other than the vendor's own; nothing where it is not set.
    pub(crate) fn server(&self, name: &'static str) -> Result<Option<String>, SettingsError> {
        let Some(text) = self.own.get(name) else { return Ok(None) };
        let url: Url = text.parse().map_err(|_| SettingsError::NotAServer { name })?;
        let is_server = matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.username().is_empty();
        match is_server {
            true => Ok(Some(url.origin().ascii_serialization())),
            false => Err(SettingsError::NotAServer { name }),
        }
    }

    /// One that is not sent as it is.
    pub(crate) fn secret_text(&self) -> Result<&str, SettingsError> {
        self.secret.as_deref().ok_or(SettingsError::Missing("secret"))
    }

    pub(crate) fn secret(&self) -> Result<Secret, SettingsError> {
        let secret = self.secret.as_ref().ok_or(SettingsError::Missing("secret"))?;
        let is_sendable = secret.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        if is_sendable { Ok(Secret(secret.clone())) } else { Err(SettingsError::UnsendableSecret) }
    }
}

impl fmt::Debug for VendorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api, nodes, own, secret: _ } = self;
        f.debug_struct("VendorSettings")
            .field("api", &api.as_ref().map(Url::as_str))
            .field("nodes", nodes)
            .field("own", own)
            .finish_non_exhaustive()
    }
}

/// Never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
