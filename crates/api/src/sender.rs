//! Those who tell of changed objects without a key: they sign what they tell, with a secret that both have, or as SNS does.

use std::fmt;
use std::time::Duration;

use api_types::Scope;
use aws_lc_rs::hmac;
use http::{HeaderMap, HeaderName};
use url::Url;

use crate::sns::{self, Certificates, Letter, SnsError, TopicArn};

const SIGNATURE: HeaderName = HeaderName::from_static("pentimento-signature");
/// Clocks differ, and networks are slow; what is older may be somebody's who has listened.
const AGE_MAX: Duration = Duration::from_secs(300);

/// Somebody who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderSettings {
    pub name: String,
    /// How far they reach; without one, as far as the installation does.
    pub tenant: Option<String>,
    pub signs: Signs,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Signs {
    /// `Pentimento-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 over time and body.
    Hmac { secret: Vec<u8> },
    /// A topic of Amazon SNS; `endpoint` is where somebody else's SNS is, else Amazon's own.
    Sns { topic: TopicArn, endpoint: Option<Url> },
}

impl fmt::Debug for Signs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signs::Hmac { .. } => f.write_str("Hmac(…)"),
            Signs::Sns { topic, endpoint } => {
                let endpoint = endpoint.as_ref().map(Url::as_str);
                f.debug_struct("Sns").field("topic", topic).field("endpoint", &endpoint).finish()
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    #[error("nobody who signs in this way may tell of events here")]
    Nobody,
    #[error("`Pentimento-Signature` is t=SECONDS,v1=HEX, once: the time, and the HMAC-SHA256 of TIME.BODY")]
    Malformed,
    #[error("it was signed at another time than now: at most {} s may lie between", AGE_MAX.as_secs())]
    AnotherTime,
    #[error("its signature does not fit")]
    Signature,
    #[error(transparent)]
    Sns(#[from] SnsError),
}

/// What a sender may: to tell of events is to ask for purges.
pub const SCOPES: [Scope; 1] = [Scope::Write];

/// What somebody has told and signed.
#[derive(Debug)]
pub struct Told<'a> {
    pub sender: &'a SenderSettings,
    pub what: Content,
}

#[derive(Debug)]
pub enum Content {
    /// The body is the event.
    Body,
    /// It is in a message of SNS.
    Message(String),
    /// It is no event, and has been seen to.
    Nothing,
}

/// All who are believed by their signatures.
pub struct Senders {
    all: Vec<SenderSettings>,
    certificates: Certificates,
}

impl Senders {
    pub fn new(all: impl IntoIterator<Item = SenderSettings>, client: &origin::Client) -> Self {
        Self { all: all.into_iter().collect(), certificates: Certificates::new(client) }
    }

    /// Who has signed this; `None` if nobody has.
    pub async fn find(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now_seconds: u64,
    ) -> Result<Option<Told<'_>>, SenderError> {
        if headers.contains_key(SIGNATURE) {
            let sender = self.by_secret(headers, body, now_seconds)?;
            return Ok(Some(Told { sender, what: Content::Body }));
        }
        if headers.contains_key(sns::TYPE) {
            return self.by_topic(body, now_seconds).await.map(Some);
        }
        Ok(None)
    }

    fn by_secret(&self, headers: &HeaderMap, body: &[u8], now: u64) -> Result<&SenderSettings, SenderError> {
        let mut shown = headers.get_all(SIGNATURE).iter();
        let (Some(value), None) = (shown.next(), shown.next()) else { return Err(SenderError::Malformed) };
        let (time, tag) = value.to_str().ok().and_then(parts).ok_or(SenderError::Malformed)?;
        let secrets = self.all.iter().filter_map(|sender| match &sender.signs {
            Signs::Hmac { secret } => Some((sender, secret)),
            Signs::Sns { .. } => None,
        });
        let mut nobody = true;
        let message = [time.to_string().as_bytes(), b".", body].concat();
        for (sender, secret) in secrets {
            nobody = false;
            // In constant time.
            if hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), &message, &tag).is_ok() {
                let is_now = time.abs_diff(now) <= AGE_MAX.as_secs();
                return if is_now { Ok(sender) } else { Err(SenderError::AnotherTime) };
            }
        }
        Err(if nobody { SenderError::Nobody } else { SenderError::Signature })
    }

    async fn by_topic(&self, body: &[u8], now: u64) -> Result<Told<'_>, SenderError> {
        let letter = Letter::read(body)?;
        let found = self.all.iter().find_map(|sender| match &sender.signs {
            Signs::Sns { topic, endpoint } if topic.as_str() == letter.topic() => {
                Some((sender, topic, endpoint.as_ref()))
            }
            _ => None,
        });
        let (sender, topic, endpoint) = found.ok_or(SenderError::Nobody)?;
        let what = self.certificates.open(letter, topic, endpoint, now).await?;
        Ok(Told { sender, what })
    }
}

fn parts(value: &str) -> Option<(u64, Vec<u8>)> {
    let (time, tag) = value.split_once(',')?;
    let time =
        time.trim().strip_prefix("t=").filter(|time| time.bytes().all(|byte| byte.is_ascii_digit()))?;
    let tag = tag.trim().strip_prefix("v1=").filter(|tag| tag.len() == 64 && tag.is_ascii())?;
    let bytes = (0..32).map(|at| u8::from_str_radix(&tag[2 * at..2 * at + 2], 16).ok());
    Some((time.parse().ok()?, bytes.collect::<Option<Vec<_>>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_795_335_057;

    fn sender(name: &str, secret: &str) -> SenderSettings {
        let signs = Signs::Hmac { secret: secret.as_bytes().to_vec() };
        SenderSettings { name: name.to_owned(), tenant: None, signs }
    }

    fn signed(secret: &str, time: u64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{time}.{body}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={time},v1={hex}")
    }

    async fn found(senders: &Senders, values: &[&str], body: &str) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(SIGNATURE, value.parse().unwrap());
        }
        match senders.find(&headers, body.as_bytes(), NOW).await {
            Ok(Some(told)) => told.sender.name.clone(),
            Ok(None) => "unsigned".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn what_is_signed_is_told_by_whoever_has_the_secret_and_was_told_just_now() {
        let all = [sender("first", "sixteen bytes one"), sender("second", "sixteen bytes two")];
        let senders = Senders::new(all, &origin::Client::new());
        let right = signed("sixteen bytes two", NOW, "{}");
        let (time, tag) = right.split_once(',').unwrap();
        assert_eq!(found(&senders, &[&right], "{}").await, "second");
        assert_eq!(found(&senders, &[], "{}").await, "unsigned");
        for time in [NOW - 300, NOW + 300] {
            assert_eq!(found(&senders, &[&signed("sixteen bytes one", time, "{}")], "{}").await, "first");
        }
        let another_time = SenderError::AnotherTime.to_string();
        for time in [NOW - 301, NOW + 301, 0, u64::MAX] {
            let late = signed("sixteen bytes one", time, "{}");
            assert_eq!(found(&senders, &[&late], "{}").await, another_time, "{time}");
        }
        for (value, body) in [
            (right.as_str(), "{ }"),
            (&format!("t={},{tag}", NOW + 1), "{}"),
            (&signed("sixteen bytes six", NOW, "{}"), "{}"),
        ] {
            assert_eq!(found(&senders, &[value], body).await, "its signature does not fit", "{value} {body}");
        }
        let malformed = SenderError::Malformed.to_string();
        for value in [
            "",
            "t=,v1=",
            time,
            tag,
            &right[..right.len() - 1],
            &format!("{right}0"),
            &right.replace("t=", "t=+"),
            "t=1,v1=é",
        ] {
            assert_eq!(found(&senders, &[value], "{}").await, malformed, "{value}");
        }
        assert_eq!(found(&senders, &[&right, &right], "{}").await, malformed, "of two, nobody says which");
        let nobody = Senders::new([], &origin::Client::new());
        assert_eq!(found(&nobody, &[&right], "{}").await, SenderError::Nobody.to_string());
    }

    proptest! {
        #[test]
        fn any_text_is_a_signature_or_is_not(text in "t=[0-9+]{0,22},v1=[0-9a-fé]{60,66}|\\PC{0,40}") {
            if let Some((_, tag)) = parts(&text) {
                prop_assert_eq!(tag.len(), 32);
            }
        }
    }
}
