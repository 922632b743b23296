//! `POST /v1/verify`: whether what is out there is what must be there, now.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use api_types::{Verification, VerifyRequest};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{Request, StatusCode};
use purge::{ByHand, VerifyError};

use crate::body::read_json;
use crate::problem::{Refused, json};

pub type Verified<'a> = Pin<Box<dyn Future<Output = Result<Verification, VerifyError>> + Send + 'a>>;

/// Whoever can look.
pub trait Examiner: Send + Sync {
    fn examine<'a>(&'a self, question: &'a VerifyRequest) -> Verified<'a>;
}

impl Examiner for ByHand {
    fn examine<'a>(&'a self, question: &'a VerifyRequest) -> Verified<'a> {
        Box::pin(self.verify(question))
    }
}

pub async fn verify(
    State(examiner): State<Arc<dyn Examiner>>,
    request: Request<Body>,
) -> Result<Response, Refused> {
    let (_, question): (_, VerifyRequest) = read_json(request).await?;
    Ok(json(StatusCode::OK, &examiner.examine(&question).await?))
}
