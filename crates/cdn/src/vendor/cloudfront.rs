//! Amazon CloudFront: invalidations of a distribution, by paths and wildcards.
//!
//! At most 3,000 paths and, apart from them, 15 wildcards may be in progress at a time, so one call has to be completed
//! before the next is sent. A call that is sent again under its `CallerReference` is the same invalidation.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use url::Url;

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Completion, Rate};
use crate::error::CallError;
use crate::settings::{SettingsError, VendorSettings};
use crate::sigv4::Signer;
use crate::xml;

const API: &str = "2020-05-31";
const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";
/// Its codes for somebody who is not who they say, or may not.
const CREDENTIALS: [&str; 6] = [
    "AccessDenied",
    "ExpiredToken",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
/// Its codes, all with status 400, for trying later.
const BUSY: [&str; 3] = ["TooManyInvalidationsInProgress", "Throttling", "ThrottlingException"];

#[derive(Debug)]
pub(super) struct CloudFront {
    api: Url,
    distribution: String,
    signer: Signer,
}

impl CloudFront {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        let signer = Signer {
            access_key: settings.name("access_key")?,
            secret: settings.secret()?,
            region: "us-east-1",
            service: "cloudfront",
        };
        Ok(Self { api: settings.api()?, distribution: settings.name("distribution")?, signer })
    }

    fn path(&self) -> String {
        format!("/{API}/distribution/{}/invalidation", self.distribution)
    }
}

impl Vendor for CloudFront {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            url: Batch::of(3000),
            path: Batch::of(15),
            prefix: Batch::of(15),
            tag: Batch::of(1000),
            all: true,
            by_host: false,
            rate: Rate { burst: 5, every: Duration::from_secs(1) },
            completion: Completion::Polled,
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, context: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let items: Vec<String> = match &call.targets {
            Targets::Urls(urls) => urls.iter().map(|url| url.path.clone()).collect(),
            Targets::Paths(paths) | Targets::Prefixes(paths) => {
                paths.iter().map(|path| format!("{}*", path.path)).collect()
            }
            Targets::Tags(tags) => tags.iter().map(|tag| format!("#{tag}")).collect(),
            Targets::All => vec!["/*".to_owned()],
        };
        let paths: String = items.iter().map(|item| format!("<Path>{}</Path>", xml::escaped(item))).collect();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><InvalidationBatch xmlns=\"{NAMESPACE}\">\
             <Paths><Quantity>{}</Quantity><Items>{paths}</Items></Paths>\
             <CallerReference>{}</CallerReference></InvalidationBatch>",
            items.len(),
            xml::escaped(&context.reference),
        );
        let mut asked = request(Method::POST, &self.api, &self.path(), &[(CONTENT_TYPE, "text/xml")], body)?;
        self.signer.sign(&mut asked, context.now)?;
        Ok(vec![asked])
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        let (handle, completed) = invalidation(answer, StatusCode::CREATED)?;
        Ok(Accepted { handle: Some(handle), completed })
    }

    fn question(&self, handle: &str, context: &Context) -> Result<Option<Request<Bytes>>, CallError> {
        let path = format!("{}/{handle}", self.path());
        let mut asked = request(Method::GET, &self.api, &path, &[], Bytes::new())?;
        self.signer.sign(&mut asked, context.now)?;
        Ok(Some(asked))
    }

    fn completed(&self, answer: &Answer) -> Result<bool, CallError> {
        invalidation(answer, StatusCode::OK).map(|(_, completed)| completed)
    }
}

/// Its id, and whether it is completed.
fn invalidation(answer: &Answer, expected: StatusCode) -> Result<(String, bool), CallError> {
    let text = answer.text();
    let first = |element| xml::texts(&text, element).into_iter().next();
    if answer.status != expected {
        let code = first("Code").unwrap_or_default();
        let words = format!("{code} {}", first("Message").unwrap_or_default());
        return Err(match code.as_str() {
            code if CREDENTIALS.contains(&code) => CallError::credentials(answer, &words),
            code if BUSY.contains(&code) => CallError::busy(answer, &words),
            _ => CallError::of(answer, if code.is_empty() { &text } else { &words }),
        });
    }
    let is_id = |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // Servers that only speak its language write the status as they like.
    let status = first("Status").map(|status| status.to_ascii_lowercase());
    match (first("Id").filter(is_id), status.as_deref()) {
        (Some(id), Some("inprogress")) => Ok((id, false)),
        (Some(id), Some("completed")) => Ok((id, true)),
        _ => Err(CallError::nonsense(answer, &text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn read(status: u16, body: &'static str) -> Result<(String, bool), CallError> {
        let status = StatusCode::from_u16(status).expect("a status");
        invalidation(&Answer { status, headers: HeaderMap::new(), body: body.into() }, StatusCode::OK)
    }

    #[test]
    fn an_invalidation_is_under_way_or_completed_however_its_status_is_written() {
        for (body, completed) in [
            ("<Invalidation><Id>I1</Id><Status>InProgress</Status></Invalidation>", false),
            ("<Invalidation><Id>I1</Id><Status>Completed</Status></Invalidation>", true),
            ("<Invalidation><Id>I1</Id><Status>COMPLETED</Status></Invalidation>", true),
        ] {
            assert_eq!(read(200, body), Ok(("I1".to_owned(), completed)), "{body}");
        }
    }

    #[test]
    fn an_answer_without_id_or_with_an_unknown_status_is_nonsense() {
        for body in [
            "",
            "<Id>I1</Id>",
            "<Status>Completed</Status>",
            "<Id>I1</Id><Status>Perhaps</Status>",
            "<Id>../I1</Id><Status>Completed</Status>",
        ] {
            assert!(matches!(read(200, body), Err(CallError::Nonsense { .. })), "{body}");
        }
        assert!(matches!(read(204, ""), Err(CallError::Nonsense { .. })));
    }
}
