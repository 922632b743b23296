//! `[[jwt]]`: whose signed tokens open the API, and what their claims mean.

use std::collections::HashSet;

use api::{JWT_ALGORITHMS, JwtKeys, JwtSettings};
use dialect::Excerpt;

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
        (false, true) => url.map(|url| JwtKeys::Url { url, allow_private }),
        _ => {
            section.complain("keys_url", "tokens need one of `keys_url` and `keys_file`".to_owned());
            None
        }
    };
    let scope_claim = section.text("scope_claim").unwrap_or_else(|| "scope".to_owned());
    let tenant_claim = section.text("tenant_claim");
    Some(JwtSettings {
        issuer: issuer?,
        audience: audience?,
        algorithms,
        keys: keys?,
        scope_claim,
        tenant_claim,
    })
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
    out.text("scope_claim", &jwt.scope_claim);
    if let Some(claim) = &jwt.tenant_claim {
        out.text("tenant_claim", claim);
    }
}
