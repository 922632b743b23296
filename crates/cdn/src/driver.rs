//! A driver: one CDN with its vendor, and the connection to it. The only file here that sends anything.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use origin::{Client, FetchError, FetchLimits};
use tokio::sync::Mutex;
use url::Url;

use crate::answer::Answer;
use crate::call::Call;
use crate::capabilities::{Capabilities, Completion};
use crate::error::CallError;
use crate::name::VendorName;
use crate::oauth::Token;
use crate::settings::{SettingsError, VendorSettings};
use crate::vendor::{self, Accepted, Context, Vendor};

/// Of a vendor's answer; theirs are a few hundred bytes.
const ANSWER_BYTES_MAX: u64 = 256 << 10;
const LIMITS: FetchLimits = FetchLimits {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(20),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(30),
    body_bytes: ANSWER_BYTES_MAX,
    redirects: 0,
};

pub struct Driver {
    name: VendorName,
    vendor: Box<dyn Vendor>,
    client: Client,
    /// Of a vendor that gives one for a while.
    token: Mutex<Option<Token>>,
}

impl Driver {
    pub fn new(name: VendorName, settings: &VendorSettings, client: Client) -> Result<Self, SettingsError> {
        Ok(Self { name, vendor: vendor::of(name, settings)?, client, token: Mutex::default() })
    }

    pub fn vendor(&self) -> VendorName {
        self.name
    }

    pub fn capabilities(&self) -> Capabilities {
        self.vendor.capabilities()
    }

    /// Makes a call: all its requests, one after the other, until one fails. What was sent before may be sent again.
    pub async fn send(&self, call: &Call, context: &Context) -> Result<Accepted, CallError> {
        let mut accepted = Accepted { handle: None, completed: true };
        for request in self.vendor.requests(call, context)? {
            let one = self.vendor.accepted(call, &self.ask(request, context.now).await?)?;
            accepted.completed &= one.completed;
            accepted.handle = accepted.handle.or(one.handle);
        }
        // Of a vendor that says nothing about completion there is nothing to wait for.
        accepted.completed |= self.capabilities().completion != Completion::Polled;
        Ok(accepted)
    }

    /// Whether a call that was accepted under this handle has taken effect.
    pub async fn has_completed(&self, handle: &str, context: &Context) -> Result<bool, CallError> {
        match self.vendor.question(handle, context)? {
            Some(request) => self.vendor.completed(&self.ask(request, context.now).await?),
            None => Ok(true),
        }
    }

    /// With a token, if the vendor wants one. One that it refuses before its time is asked for once more.
    async fn ask(&self, request: Request<Bytes>, now: u64) -> Result<Answer, CallError> {
        let mut kept = self.token.lock().await;
        let had_one = kept.as_ref().is_some_and(|token| token.is_good(now));
        let Some(token) = self.good_token(&mut kept, now).await? else {
            drop(kept);
            return self.exchange(request).await;
        };
        let answer = self.exchange(carrying(request.clone(), &token)?).await?;
        if answer.status != StatusCode::UNAUTHORIZED || !had_one {
            return Ok(answer);
        }
        *kept = None;
        match self.good_token(&mut kept, now).await? {
            Some(token) => self.exchange(carrying(request, &token)?).await,
            None => Ok(answer),
        }
    }

    async fn good_token(&self, kept: &mut Option<Token>, now: u64) -> Result<Option<Token>, CallError> {
        if kept.as_ref().is_none_or(|token| !token.is_good(now)) {
            let Some(login) = self.vendor.login(now)? else { return Ok(None) };
            *kept = Some(self.vendor.token(&self.exchange(login).await?, now)?);
        }
        Ok(kept.clone())
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Answer, CallError> {
        let uri = request.uri();
        let server = format!(
            "{}://{}",
            uri.scheme_str().unwrap_or("https"),
            uri.authority().map_or("", |authority| authority.as_str())
        );
        let server: Url =
            server.parse().map_err(|_| CallError::Unwritable("its address is no URL".to_owned()))?;
        // The operator named this address, so it may be anywhere.
        let response = self.client.forward(&server, true, &LIMITS, request).await?;
        let (head, body) = response.into_parts();
        let limit = usize::try_from(ANSWER_BYTES_MAX).unwrap_or(usize::MAX);
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            let known = error.downcast::<FetchError>().map(|error| *error);
            CallError::Unanswered(known.unwrap_or(FetchError::TooLarge { limit: ANSWER_BYTES_MAX }))
        })?;
        Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

fn carrying(mut request: Request<Bytes>, token: &Token) -> Result<Request<Bytes>, CallError> {
    let value = HeaderValue::try_from(format!("Bearer {}", token.value()));
    let mut value = value.map_err(|error| CallError::Unwritable(error.to_string()))?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(request)
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("vendor", &self.name).finish_non_exhaustive()
    }
}
