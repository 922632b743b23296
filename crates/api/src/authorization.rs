//! Who may use the management API: whoever shows its token (RFC 6750 §2.1).

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};

use crate::problem::Refused;
use crate::token::ApiToken;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    #[error("the request shows no API token: send `Authorization: Bearer …` (`pentimento token` prints it)")]
    NoToken,
    #[error("the API token is not the one of this server (`pentimento token` prints it)")]
    WrongToken,
}

pub async fn require(State(token): State<ApiToken>, request: Request, next: Next) -> Response {
    match check(&token, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => Refused::from(error).into_response(),
    }
}

fn check(token: &ApiToken, headers: &HeaderMap) -> Result<(), Unauthorized> {
    let shown = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        // The scheme's case does not matter (RFC 9110 §11.1).
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, shown)| shown.trim_matches(' '))
        .ok_or(Unauthorized::NoToken)?;
    if token.is(shown) { Ok(()) } else { Err(Unauthorized::WrongToken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_shown_as_a_bearer_and_in_no_other_way() {
        let token = ApiToken::new("t0ken");
        for (value, wanted) in [
            (Some("Bearer t0ken"), Ok(())),
            (Some("bearer t0ken"), Ok(())),
            (Some("BEARER  t0ken"), Ok(())),
            (Some("Bearer wrong"), Err(Unauthorized::WrongToken)),
            (Some("Bearer "), Err(Unauthorized::WrongToken)),
            (Some("Bearer"), Err(Unauthorized::NoToken)),
            (Some("t0ken"), Err(Unauthorized::NoToken)),
            (Some("Basic t0ken"), Err(Unauthorized::NoToken)),
            (None, Err(Unauthorized::NoToken)),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::AUTHORIZATION, value.parse().expect("a field value"));
            }
            assert_eq!(check(&token, &headers), wanted, "{value:?}");
        }
    }
}
