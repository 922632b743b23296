//! `[[jwt]]`: whose signed tokens open the API, and what their claims mean.

use std::collections::HashSet;

use api::{Granted, JWT_ALGORITHMS, JwtKeys, JwtSettings};
use api_types::Scope;
use dialect::Excerpt;
use url::Url;

use super::section::Section;
use super::web_address;
use super::writer::Writer;

pub(super) fn read(section: &mut Section, taken: &mut HashSet<String>) -> Option<JwtSettings> {
    for (key, example) in [("issuer", "https://id.example.com"), ("audience", "pentimento")] {
        if !section.is_set(key) {
            section.complain(key, format!("tokens need `{key}`, such as \"{example}\""));
        }
    }
    let [issuer, audience] = ["issuer", "audience"].map(|key| {
        section.parsed_with(key, "a text in quotes", |text| match text.trim() {
            "" => Err("it is empty"),
            _ => Ok(text.to_owned()),
        })
    });
    if let Some(issuer) = &issuer
        && !taken.insert(issuer.clone())
    {
        section.complain("issuer", format!("`issuer`: {issuer} is there twice"));
    }
    let mut algorithms = Vec::new();
    if !section.is_set("algorithms") {
        section.complain("algorithms", "tokens need `algorithms`, such as [\"RS256\"]".to_owned());
    }
    for (at, text) in section.list("algorithms").unwrap_or_default() {
        if JWT_ALGORITHMS.contains(&text.as_str()) {
            algorithms.push(text);
        } else {
            let message = format!(
                "`algorithms`: {} is not allowed: allowed are {}",
                Excerpt::of(&text),
                JWT_ALGORITHMS.join(", ")
            );
            section.complain_at(at, message);
        }
    }
    let file = section.text("keys_file");
    let url = section.parsed_with("keys_url", "a URL in quotes", web_address::base);
    let allow_private = section.boolean("allow_private").unwrap_or(false);
    let keys = match (section.is_set("keys_file"), section.is_set("keys_url")) {
        (true, false) => file.map(|file| JwtKeys::File(file.into())),
        (false, true) => {
            check_way(section, url.as_ref(), allow_private);
            url.map(|url| JwtKeys::Url { url, allow_private })
        }
        _ => {
            section.complain("keys_url", "tokens need one of `keys_url` and `keys_file`".to_owned());
            None
        }
    };
    let require = read_required(section);
    let scopes = read_scopes(section);
    let scope_claim = section.text("scope_claim");
    let tenant = section.text("tenant");
    let tenant_claim = section.text("tenant_claim");
    for (key, claim) in [("scopes", "scope_claim"), ("tenant", "tenant_claim")] {
        if section.is_set(key) && section.is_set(claim) {
            let message =
                format!("write only one of `{key}`, for all tokens, and `{claim}`, for what each says");
            section.complain(key, message);
        }
    }
    let claim = || Granted::Claim(scope_claim.unwrap_or_else(|| "scope".to_owned()));
    Some(JwtSettings {
        issuer: issuer?,
        audience: audience?,
        algorithms,
        keys: keys?,
        require,
        scopes: scopes.map_or_else(claim, Granted::Always),
        tenant: tenant.map(Granted::Always).or(tenant_claim.map(Granted::Claim)),
    })
}

/// Whoever can change keys on their way can make tokens.
fn check_way(section: &mut Section, url: Option<&Url>, allow_private: bool) {
    if url.is_some_and(|url| url.scheme() != "https") && !allow_private {
        let message = "`keys_url`: keys come over https; http is for one's own network (`allow_private`)";
        section.complain("keys_url", message.to_owned());
    }
}

fn read_required(section: &mut Section) -> Vec<(String, String)> {
    let mut required = Vec::new();
    for (at, text) in section.list("require").unwrap_or_default() {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => required.push((name.to_owned(), value.to_owned())),
            _ => {
                let found = Excerpt::of(&text);
                let message =
                    format!("`require`: {found} is no claim with its value, such as \"email=a@b.example\"");
                section.complain_at(at, message);
            }
        }
    }
    required
}

fn read_scopes(section: &mut Section) -> Option<Vec<Scope>> {
    let mut scopes = Vec::new();
    for (at, text) in section.list("scopes")? {
        match text.parse() {
            Ok(scope) => scopes.push(scope),
            Err(_) => {
                let all = Scope::ALL.map(Scope::as_str).join(", ");
                let message = format!("`scopes`: {} is no scope: allowed are {all}", Excerpt::of(&text));
                section.complain_at(at, message);
            }
        }
    }
    Some(scopes)
}

pub(super) fn write(jwt: &JwtSettings, out: &mut Writer) {
    out.section("[[jwt]]");
    out.text("issuer", &jwt.issuer);
    out.text("audience", &jwt.audience);
    out.list("algorithms", &jwt.algorithms);
    match &jwt.keys {
        JwtKeys::File(path) => out.text("keys_file", path.display()),
        JwtKeys::Url { url, allow_private } => {
            out.text("keys_url", url);
            out.plain("allow_private", allow_private);
        }
    }
    if !jwt.require.is_empty() {
        out.list("require", jwt.require.iter().map(|(name, value)| format!("{name}={value}")));
    }
    match &jwt.scopes {
        Granted::Claim(name) => out.text("scope_claim", name),
        Granted::Always(scopes) => out.list("scopes", scopes.iter().map(|scope| scope.as_str())),
    }
    match &jwt.tenant {
        Some(Granted::Claim(name)) => out.text("tenant_claim", name),
        Some(Granted::Always(name)) => out.text("tenant", name),
        None => {}
    }
}
