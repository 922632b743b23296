//! Who may use the management API: whoever shows its token, a key that was made for them, or a token that somebody signed
//! who is believed (RFC 6750 §2.1).

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bus::clock::unix_millis;
use catalog::{Catalog, CatalogError};
use http::{HeaderMap, header};
use purge::{Asker, Tenants};

use crate::jwt::{Issuers, JwtError};
use crate::keys::Keys;
use crate::principal::{Forbidden, Principal};
use crate::problem::{Refusal, Refused};
use crate::sender::SenderError;
use crate::token::ApiToken;

const PATH_CHARS_MAX: usize = 200;

#[derive(Debug, thiserror::Error)]
pub enum Unauthorized {
    #[error("the request shows no API token: send `Authorization: Bearer …` (`pentimento token` prints it)")]
    NoToken,
    #[error("what the request shows is neither the API token of this server nor a key that stands")]
    WrongToken,
    #[error("the token that the request shows is not believed: {0}")]
    Jwt(#[from] JwtError),
    #[error("what the request says is not believed: {0}")]
    Sender(#[from] SenderError),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Everybody that can be told apart.
#[derive(Clone)]
pub struct Guests {
    pub(crate) token: ApiToken,
    pub(crate) keys: Keys,
    pub(crate) issuers: Issuers,
}

impl Guests {
    pub fn new(token: ApiToken, catalog: Catalog, tenants: Tenants, issuers: Issuers) -> Self {
        Self { token, keys: Keys { catalog, tenants }, issuers }
    }

    /// Whose secret this is.
    pub async fn admit(&self, shown: &str) -> Result<Principal, Unauthorized> {
        if self.token.is(shown) {
            return Ok(Principal::owner());
        }
        if self.issuers.could_be_one(shown) {
            let believed = self.issuers.believe(shown).await?;
            return self.bounded(format!("jwt:{}", believed.subject), believed.scopes, believed.tenant);
        }
        let key = self.keys.find(shown).await?.ok_or(Unauthorized::WrongToken)?;
        self.bounded(format!("key:{}", key.name), key.scopes, key.tenant)
    }

    /// Whoever shows something as a bearer.
    pub async fn admit_bearer(&self, headers: &HeaderMap) -> Result<Principal, Unauthorized> {
        match bearer(headers) {
            Some(shown) => self.admit(shown).await,
            None => Err(Unauthorized::NoToken),
        }
    }

    pub(crate) fn bounded(
        &self,
        who: String,
        scopes: impl IntoIterator<Item = api_types::Scope>,
        tenant: Option<String>,
    ) -> Result<Principal, Unauthorized> {
        let tenant = match tenant {
            None => None,
            Some(tenant) => match self.keys.tenants.get(&tenant) {
                Some(tenant) => Some(tenant.clone()),
                None => return Err(Forbidden::NoTenant { who, tenant }.into()),
            },
        };
        let asker = Asker { name: who, tenant };
        Ok(Principal { asker, scopes: scopes.into_iter().collect(), is_owner: false })
    }

    /// Does what somebody asks for, and writes down what a known somebody was refused.
    pub async fn on_behalf(
        &self,
        what: &str,
        principal: Result<Principal, Unauthorized>,
        run: impl AsyncFnOnce(Principal) -> Response,
    ) -> Response {
        let (who, response) = match principal {
            Ok(principal) => (principal.asker.name.clone(), run(principal).await),
            Err(error) => {
                let who = match &error {
                    Unauthorized::Forbidden(Forbidden::NoTenant { who, .. }) => who.clone(),
                    _ => String::new(),
                };
                (who, Refused::from(error).into_response())
            }
        };
        if let Some(Refusal(why)) = response.extensions().get() {
            let noted = self.keys.catalog.note_refusal(&who, &format!("{what}: {why}"), unix_millis()).await;
            if let Err(error) = noted {
                tracing::error!(who, what, %error, "a refusal cannot be written down");
            }
        }
        response
    }
}

pub async fn require(State(guests): State<Guests>, mut request: Request, next: Next) -> Response {
    let what = what_is_asked(&request);
    let principal = guests.admit_bearer(request.headers()).await;
    let run = async |principal| {
        request.extensions_mut().insert::<Principal>(principal);
        next.run(request).await
    };
    guests.on_behalf(&what, principal, run).await
}

/// For the audit.
pub fn what_is_asked(request: &Request) -> String {
    let path: String = request.uri().path().chars().take(PATH_CHARS_MAX).collect();
    format!("{} {path}", request.method())
}

/// After [`require`]: only the owner passes.
pub async fn require_owner(request: Request, next: Next) -> Response {
    match request.extensions().get::<Principal>().map(Principal::must_be_owner) {
        Some(Ok(())) => next.run(request).await,
        Some(Err(error)) => Refused::from(error).into_response(),
        None => Refused::from(Unauthorized::NoToken).into_response(),
    }
}

/// What is shown as a bearer, and in no other way.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, shown) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    // The scheme's case does not matter (RFC 9110 §11.1).
    scheme.eq_ignore_ascii_case("bearer").then(|| shown.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_shown_as_a_bearer_and_in_no_other_way() {
        for (value, wanted) in [
            (Some("Bearer t0ken"), Some("t0ken")),
            (Some("bearer t0ken"), Some("t0ken")),
            (Some("BEARER  t0ken"), Some("t0ken")),
            (Some("Bearer "), Some("")),
            (Some("Bearer"), None),
            (Some("t0ken"), None),
            (Some("Basic t0ken"), None),
            (None, None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::AUTHORIZATION, value.parse().expect("a field value"));
            }
            assert_eq!(bearer(&headers), wanted, "{value:?}");
        }
    }
}
