//! Azure Front Door, Standard and Premium: paths and prefixes of an endpoint, whatever the query and on each of its domains;
//! each purge is an operation that is asked about.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::{Position, Url};

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Completion, Rate};
use crate::error::CallError;
use crate::oauth::{self, Token};
use crate::settings::{Secret, SettingsError, VendorSettings};

const API_VERSION: &str = "2023-05-01";
const LOGIN: &str = "https://login.microsoftonline.com";
const SCOPE: &str = "https://management.azure.com/.default";
const OPERATION: &str = "azure-asyncoperation";
const HANDLE_LEN_MAX: usize = 2048;

#[derive(Debug)]
pub(super) struct Azure {
    api: Url,
    login: Url,
    /// The endpoint's.
    path: String,
    client_id: String,
    secret: Secret,
}

impl Azure {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        let [subscription, group, profile, endpoint] =
            ["subscription", "resource_group", "profile", "endpoint"].map(|name| settings.name(name));
        let path = format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Cdn/profiles/{}/afdEndpoints/{}/purge",
            subscription?, group?, profile?, endpoint?
        );
        let server = settings.server("login")?.unwrap_or_else(|| LOGIN.to_owned());
        let login = format!("{server}/{}/oauth2/v2.0/token", settings.name("tenant")?);
        Ok(Self {
            api: settings.api()?,
            login: login.parse().map_err(|_| SettingsError::NotAServer { name: "login" })?,
            path,
            client_id: settings.name("client_id")?,
            secret: settings.secret()?,
        })
    }
}

impl Vendor for Azure {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            path: Batch::of(50),
            prefix: Batch::of(50),
            all: true,
            by_host: false,
            // 1,200 writes an hour and subscription are allowed by the resource manager.
            rate: Rate { burst: 20, every: Duration::from_secs(3) },
            in_progress: 1,
            completion: Completion::Polled,
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, _: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let paths: Vec<String> = match &call.targets {
            Targets::Paths(paths) => paths.iter().map(|one| one.path.clone()).collect(),
            Targets::Prefixes(prefixes) => prefixes
                .iter()
                .flat_map(|one| {
                    let path = one.path.trim_end_matches('/');
                    let itself = (!path.is_empty()).then(|| path.to_owned());
                    itself.into_iter().chain([format!("{path}/*")])
                })
                .collect(),
            Targets::All => vec!["/*".to_owned()],
            Targets::Urls(_) | Targets::Tags(_) => {
                return Err(CallError::Unwritable("Front Door knows neither queries nor tags".to_owned()));
            }
        };
        let path = format!("{}?api-version={API_VERSION}", self.path);
        let body = json!({ "contentPaths": paths }).to_string();
        Ok(vec![request(Method::POST, &self.api, &path, &[(CONTENT_TYPE, "application/json")], body)?])
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        check(answer)?;
        match answer.status {
            StatusCode::OK => Ok(Accepted { handle: None, completed: true }),
            StatusCode::ACCEPTED => {
                let at = answer.field(OPERATION).or_else(|| answer.field(LOCATION.as_str()));
                let handle = at.and_then(|at| self.handle(at));
                let nonsense = || CallError::nonsense(answer, "it does not say where its operation is");
                Ok(Accepted { handle: Some(handle.ok_or_else(nonsense)?), completed: false })
            }
            _ => Err(CallError::nonsense(answer, &answer.text())),
        }
    }

    fn question(&self, handle: &str, _: &Context) -> Result<Option<Request<Bytes>>, CallError> {
        Ok(Some(request(Method::GET, &self.api, handle, &[], Bytes::new())?))
    }

    fn completed(&self, answer: &Answer) -> Result<bool, CallError> {
        check(answer)?;
        if answer.status == StatusCode::ACCEPTED {
            return Ok(false);
        }
        // Where `Location` is asked, the status is the whole answer.
        if answer.body.is_empty() {
            return Ok(true);
        }
        let Operation { status, error } = answer.json()?;
        match status.as_str() {
            "Succeeded" => Ok(true),
            "Failed" | "Canceled" => Err(CallError::Refused {
                status: answer.status.as_u16(),
                words: error.map_or_else(|| format!("its operation ended as {status}"), Words::shown),
            }),
            "" => Err(CallError::nonsense(answer, &answer.text())),
            // Accepted, InProgress, Running and whatever else has not ended.
            _ => Ok(false),
        }
    }

    fn login(&self, _: u64) -> Result<Option<Request<Bytes>>, CallError> {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.secret.expose()),
            ("scope", SCOPE),
        ];
        oauth::question(&self.login, &fields).map(Some)
    }

    fn token(&self, answer: &Answer, now: u64) -> Result<Token, CallError> {
        Token::of(answer, now)
    }
}

impl Azure {
    /// Path and query of an operation, if it is at the same server: nobody else is shown our token.
    fn handle(&self, at: &str) -> Option<String> {
        let url: Url = at.parse().ok()?;
        let handle = &url[Position::BeforePath..Position::AfterQuery];
        (url.origin() == self.api.origin() && handle.len() <= HANDLE_LEN_MAX).then(|| handle.to_owned())
    }
}

fn check(answer: &Answer) -> Result<(), CallError> {
    if answer.status.is_success() {
        return Ok(());
    }
    match answer.json() {
        Ok(Failed { error }) => Err(CallError::of(answer, &error.shown())),
        Err(_) => Err(CallError::of(answer, &answer.text())),
    }
}

#[derive(Deserialize)]
struct Operation {
    status: String,
    error: Option<Words>,
}

#[derive(Deserialize)]
struct Failed {
    error: Words,
}

#[derive(Deserialize)]
struct Words {
    code: String,
    #[serde(default)]
    message: String,
}

impl Words {
    fn shown(self) -> String {
        format!("{} {}", self.code, self.message).chars().take(200).collect()
    }
}
