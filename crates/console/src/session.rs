//! Who has logged in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};
use tokio::time::Instant;

use crate::{Console, page};

pub const COOKIE: &str = "pentimento_session";
const LIFETIME: Duration = Duration::from_secs(12 * 3600);
const SESSIONS_MAX: usize = 256;

/// In memory: a restart logs everyone out. Keys are digests, so that neither a dump of the table nor the time that a
/// look-up takes helps to guess an id.
#[derive(Default)]
pub struct Sessions {
    ends: Mutex<HashMap<blake3::Hash, Instant>>,
}

impl Sessions {
    /// A new session's id. When there are too many, the one that would end first ends now.
    pub fn open(&self) -> String {
        let secret: [u8; 32] = rand::random();
        let id = blake3::Hash::from_bytes(secret).to_hex().to_string();
        let now = Instant::now();
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.retain(|_, end| *end > now);
        if ends.len() >= SESSIONS_MAX {
            let first = ends.iter().min_by_key(|(_, end)| **end).map(|(key, _)| *key);
            first.and_then(|key| ends.remove(&key));
        }
        ends.insert(key(&id), now + LIFETIME);
        id
    }

    fn is_open(&self, id: &str) -> bool {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.get(&key(id)).is_some_and(|end| *end > Instant::now())
    }

    pub fn close(&self, id: &str) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(id));
    }
}

fn key(id: &str) -> blake3::Hash {
    blake3::hash(id.as_bytes())
}

/// `Set-Cookie` of a new session.
pub fn cookie(id: &str) -> String {
    format!("{COOKIE}={id}; Path=/console; Max-Age={}; HttpOnly; SameSite=Strict", LIFETIME.as_secs())
}

/// `Set-Cookie` that takes it back.
pub fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict")
}

pub fn id(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

pub async fn require(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    if id(request.headers()).is_some_and(|id| console.sessions.is_open(id)) {
        return next.run(request).await;
    }
    if page::is_htmx(request.headers()) {
        // A redirect would be followed, and the form for logging in swapped into the middle of a page.
        return (StatusCode::UNAUTHORIZED, [("hx-redirect", "/console/login")]).into_response();
    }
    Redirect::to("/console/login").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_is_open_until_it_is_closed_or_twelve_hours_have_passed() {
        let sessions = Sessions::default();
        let (one, other) = (sessions.open(), sessions.open());
        assert_ne!(one, other);
        assert_eq!(one.len(), 64);
        assert!(sessions.is_open(&one) && sessions.is_open(&other));
        assert!(!sessions.is_open("") && !sessions.is_open(&one[1..]));
        sessions.close(&other);
        assert!(sessions.is_open(&one) && !sessions.is_open(&other));
        tokio::time::advance(LIFETIME - Duration::from_secs(1)).await;
        assert!(sessions.is_open(&one));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!sessions.is_open(&one));
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_sessions_push_out_the_oldest() {
        let sessions = Sessions::default();
        let first = sessions.open();
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = sessions.open();
        for _ in 2..=SESSIONS_MAX {
            tokio::time::advance(Duration::from_millis(1)).await;
            sessions.open();
        }
        assert!(!sessions.is_open(&first) && sessions.is_open(&second));
        assert_eq!(sessions.ends.lock().expect("a table").len(), SESSIONS_MAX);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        for (cookies, found) in [
            (&["pentimento_session=abc"][..], Some("abc")),
            (&["a=b; pentimento_session=abc; c=d"], Some("abc")),
            (&["a=b", "pentimento_session=abc"], Some("abc")),
            (&["xpentimento_session=abc"], None),
            (&["pentimento_session"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in cookies {
                headers.append(header::COOKIE, value.parse().expect("a field value"));
            }
            assert_eq!(id(&headers), found, "{cookies:?}");
        }
    }
}
