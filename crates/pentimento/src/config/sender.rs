//! `[[sender]]`: who may tell of changed objects without a key, by signing what they tell.

use std::collections::HashSet;

use ::purge::Tenant;
use api::{SenderSettings, Signs, TopicArn};
use dialect::Excerpt;
use url::Url;

use super::secret::{Secret, SecretFrom};
use super::section::Section;
use super::web_address;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub settings: SenderSettings,
    /// Where the secret is, of one that has one.
    from: Option<SecretFrom>,
}

enum Way {
    Hmac,
    Sns,
}

impl Sender {
    pub(super) fn read(
        section: &mut Section,
        taken: &mut HashSet<String>,
        tenants: &[Tenant],
    ) -> Option<Self> {
        for (key, example) in [("name", "uploads"), ("signature", "hmac")] {
            if !section.is_set(key) {
                section.complain(key, format!("a sender needs `{key}`, such as \"{example}\""));
            }
        }
        let name = section.parsed_with("name", "a text in quotes", valid_name);
        if let Some(name) = &name
            && !taken.insert(name.clone())
        {
            section.complain("name", format!("`name`: there are two senders named {name}"));
        }
        let tenant = section.parsed_with("tenant", "a text in quotes", |text| {
            match tenants.iter().any(|tenant| tenant.name == text) {
                true => Ok(text.to_owned()),
                false => Err(format!("there is no tenant named {}", Excerpt::of(text))),
            }
        });
        let way = section.parsed_with("signature", "a text in quotes", |text| match text {
            "hmac" => Ok(Way::Hmac),
            "sns" => Ok(Way::Sns),
            _ => Err(format!("{} is no signature: allowed are hmac and sns", Excerpt::of(text))),
        });
        let (signs, from) = match way? {
            Way::Hmac => {
                let secret = Secret::read(section, true)?;
                (Signs::Hmac { secret: secret.bytes().to_vec() }, Some(secret.from))
            }
            Way::Sns => (read_topic(section)?, None),
        };
        Some(Self { settings: SenderSettings { name: name?, tenant, signs }, from })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        let SenderSettings { name, tenant, signs } = &self.settings;
        let all = |out: &mut Writer| {
            out.section("[[sender]]");
            out.text("name", name);
            if let Some(tenant) = tenant {
                out.text("tenant", tenant);
            }
            match signs {
                Signs::Hmac { .. } => {
                    out.text("signature", "hmac");
                    self.from.iter().for_each(|from| from.write(out));
                }
                Signs::Sns { topic, endpoint } => {
                    out.text("signature", "sns");
                    out.text("topic", topic);
                    if let Some(endpoint) = endpoint {
                        out.text("endpoint", web_address::written(endpoint));
                    }
                }
            }
        };
        // Without its secret it could not be loaded again.
        if self.from == Some(SecretFrom::Written) { out.as_comment(all) } else { all(out) }
    }
}

fn read_topic(section: &mut Section) -> Option<Signs> {
    if !section.is_set("topic") {
        let message = "sns needs `topic`, such as \"arn:aws:sns:eu-central-1:123456789012:images\"";
        section.complain("topic", message.to_owned());
    }
    let topic = section.parsed_with("topic", "a text in quotes", |text| {
        text.parse::<TopicArn>().map_err(|error| format!("{} {error}", Excerpt::of(text)))
    });
    let endpoint: Option<Url> = section.parsed_with("endpoint", "a URL in quotes", web_address::server);
    Some(Signs::Sns { topic: topic?, endpoint })
}

/// It stands in the cause of purges.
fn valid_name(text: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=63).contains(&text.len()) && text.bytes().all(is_allowed) {
        return Ok(text.to_owned());
    }
    Err(format!("{} is not allowed: 1 to 63 of a-z, A-Z, 0-9, -, _ and .", Excerpt::of(text)))
}
