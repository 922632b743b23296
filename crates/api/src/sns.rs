//! Messages of Amazon SNS: who signed them (SignatureVersion 1 and 2), and what they want.
//!
//! A message names the certificate that it is to be checked with. It is believed only where it comes from SNS of the topic's
//! own region, over TLS; whoever else signs a message can name no certificate that counts.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;
use x509_parser::pem::parse_x509_pem;

use crate::document::{self, DocumentError};
use crate::sender::Content;

pub const TYPE: HeaderName = HeaderName::from_static("x-amz-sns-message-type");
const CERTIFICATES_MAX: usize = 8;
/// Whatever strangers name, certificates are asked for no more often than this.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// `arn:aws:sns:REGION:ACCOUNT:NAME`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicArn {
    text: String,
    /// Where SNS of its region is.
    host: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no topic, such as \"arn:aws:sns:eu-central-1:123456789012:images\"")]
pub struct NotATopic;

impl FromStr for TopicArn {
    type Err = NotATopic;

    fn from_str(text: &str) -> Result<Self, NotATopic> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts[..] else { return Err(NotATopic) };
        let suffix = match partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            _ => return Err(NotATopic),
        };
        let is_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_one = (1..=32).contains(&region.len())
            && region.bytes().all(is_region)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && (1..=256).contains(&name.len())
            && name.bytes().all(is_name);
        let host = format!("sns.{region}.{suffix}");
        if is_one { Ok(Self { text: text.to_owned(), host }) } else { Err(NotATopic) }
    }
}

impl TopicArn {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is a place of SNS.
    fn is_at(&self, url: &Url, endpoint: Option<&Url>) -> bool {
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let is_there = match endpoint {
            Some(endpoint) => url.origin() == endpoint.origin(),
            None => url.scheme() == "https" && url.port().is_none() && url.host_str() == Some(&self.host),
        };
        is_plain && is_there
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SnsError {
    #[error("it is no message of SNS: {0}")]
    Malformed(String),
    #[error("{0} is not at SNS of the topic's region")]
    Elsewhere(&'static str),
    #[error("its signature does not fit")]
    Signature,
    #[error("its certificate is none that counts: {0}")]
    Certificate(&'static str),
    #[error("its certificate cannot be had at the moment")]
    NoCertificate,
    #[error("the subscription could not be confirmed")]
    Unconfirmed,
}

/// A message as it comes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Letter {
    #[serde(rename = "Type")]
    kind: Kind,
    message_id: String,
    topic_arn: String,
    message: String,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    certificate: String,
    subject: Option<String>,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Kind {
    Notification,
    SubscriptionConfirmation,
    UnsubscribeConfirmation,
}

impl Letter {
    pub fn read(body: &[u8]) -> Result<Self, SnsError> {
        serde_json::from_slice(body).map_err(|error| SnsError::Malformed(error.to_string()))
    }

    pub fn topic(&self) -> &str {
        &self.topic_arn
    }

    /// What is signed: some of its fields, in the order of their names.
    fn text(&self) -> Result<String, SnsError> {
        let lacks = |name: &str| SnsError::Malformed(format!("missing field `{name}`"));
        let kind = format!("{:?}", self.kind);
        let mut fields = vec![("Message", self.message.as_str()), ("MessageId", &self.message_id)];
        if self.kind == Kind::Notification {
            fields.extend(self.subject.iter().map(|subject| ("Subject", subject.as_str())));
        } else {
            fields.push(("SubscribeURL", self.subscribe.as_deref().ok_or_else(|| lacks("SubscribeURL"))?));
        }
        fields.push(("Timestamp", &self.timestamp));
        if self.kind != Kind::Notification {
            fields.push(("Token", self.token.as_deref().ok_or_else(|| lacks("Token"))?));
        }
        fields.extend([("TopicArn", self.topic_arn.as_str()), ("Type", &kind)]);
        Ok(fields.iter().map(|(name, value)| format!("{name}\n{value}\n")).collect())
    }

    fn check(&self, key: &[u8]) -> Result<(), SnsError> {
        let signature = STANDARD.decode(&self.signature).map_err(|_| SnsError::Signature)?;
        let algorithm = match self.signature_version.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(SnsError::Malformed("the signature's version is 1 or 2".to_owned())),
        };
        let text = self.text()?;
        let key = UnparsedPublicKey::new(algorithm, key);
        key.verify(text.as_bytes(), &signature).map_err(|_| SnsError::Signature)
    }

    /// What it wants us to ask for, if that is what it claims to be.
    fn confirmation(&self, topic: &TopicArn, endpoint: Option<&Url>) -> Result<Url, SnsError> {
        let url = self.subscribe.as_ref().and_then(|url| url.parse::<Url>().ok());
        let url = url.filter(|url| topic.is_at(url, endpoint)).ok_or(SnsError::Elsewhere("SubscribeURL"))?;
        let says =
            |name: &str, wanted: &str| url.query_pairs().any(|(key, value)| key == name && value == wanted);
        let token = self.token.as_deref().unwrap_or_default();
        let is_one = says("Action", "ConfirmSubscription")
            && says("TopicArn", topic.as_str())
            && says("Token", token)
            && url.query_pairs().count() <= 4;
        if is_one {
            Ok(url)
        } else {
            Err(SnsError::Malformed("SubscribeURL confirms something else".to_owned()))
        }
    }
}

/// Public keys by the URL of their certificate.
pub struct Certificates {
    client: origin::Client,
    known: Mutex<HashMap<Url, Known>>,
    asked: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Known {
    key: Vec<u8>,
    ends_seconds: i64,
}

impl Certificates {
    pub fn new(client: &origin::Client) -> Self {
        Self { client: client.clone(), known: Mutex::default(), asked: tokio::sync::Mutex::default() }
    }

    /// What a message says, once it is known who wrote it.
    pub async fn open(
        &self,
        letter: Letter,
        topic: &TopicArn,
        endpoint: Option<&Url>,
        now: u64,
    ) -> Result<Content, SnsError> {
        let certificate = letter.certificate.parse::<Url>().ok();
        let certificate =
            certificate.filter(|url| topic.is_at(url, endpoint) && url.path().ends_with(".pem"));
        let certificate = certificate.ok_or(SnsError::Elsewhere("SigningCertURL"))?;
        let key = self.key(&certificate, endpoint.is_some(), now).await?;
        letter.check(&key)?;
        match letter.kind {
            Kind::Notification => Ok(Content::Message(letter.message)),
            Kind::SubscriptionConfirmation => {
                let url = letter.confirmation(topic, endpoint)?;
                let confirmed = document::get(&self.client, &url, endpoint.is_some(), "*/*").await;
                confirmed.map_err(|why| {
                    tracing::warn!(%topic, %why, "the subscription could not be confirmed");
                    SnsError::Unconfirmed
                })?;
                tracing::info!(%topic, "the subscription is confirmed");
                Ok(Content::Nothing)
            }
            Kind::UnsubscribeConfirmation => {
                tracing::warn!(%topic, "somebody has ended the subscription");
                Ok(Content::Nothing)
            }
        }
    }

    async fn key(&self, url: &Url, allow_private: bool, now: u64) -> Result<Vec<u8>, SnsError> {
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let known = || {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(url).filter(|known| known.ends_seconds >= now).map(|known| known.key.clone())
        };
        if let Some(key) = known() {
            return Ok(key);
        }
        // One at a time; whoever has waited may find it there.
        let mut asked = self.asked.lock().await;
        if let Some(key) = known() {
            return Ok(key);
        }
        if asked.is_some_and(|asked| asked.elapsed() < ASK_AGAIN) {
            return Err(SnsError::NoCertificate);
        }
        *asked = Some(Instant::now());
        let pem = document::get(&self.client, url, allow_private, "application/x-pem-file, */*").await;
        let pem = pem.map_err(|why: DocumentError| {
            tracing::warn!(%why, "no certificate of SNS");
            SnsError::NoCertificate
        })?;
        let certificate = read(&pem, now)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CERTIFICATES_MAX {
            known.clear();
        }
        known.insert(url.clone(), certificate.clone());
        Ok(certificate.key)
    }
}

fn read(pem: &[u8], now: i64) -> Result<Known, SnsError> {
    let (_, pem) = parse_x509_pem(pem).map_err(|_| SnsError::Certificate("it is no PEM"))?;
    let certificate = pem.parse_x509().map_err(|_| SnsError::Certificate("it is no certificate"))?;
    let (begins, ends) = (certificate.validity().not_before, certificate.validity().not_after);
    if !(begins.timestamp()..=ends.timestamp()).contains(&now) {
        return Err(SnsError::Certificate("it is not valid now"));
    }
    let key = certificate.public_key().subject_public_key.data.to_vec();
    Ok(Known { key, ends_seconds: ends.timestamp() })
}
