//! A fill, from its departure to what everyone aboard gets: fetch, share, store.
//!
//! Owned by nobody: it goes on when the clients who caused it have left, unless its body is too large to keep and nobody
//! reads it any more.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bus::clock;
use bytes::{Bytes, BytesMut};
use cache::StoredResponse;
use http::HeaderMap;
use http_body::Body;
use http_caching::stale::is_failure;
use http_caching::validation::Validators;
use purge_protocol::{AsOf, Flight, Tags, Verdict};

use crate::fill::{Answered, Ask, ComingBody, Fetched, FetchedBody, FillError, Keep, Sharing};
use crate::flights::Lander;
use crate::growing_body::{GrowingBody, Reader};
use crate::invalidations::Stamp;
use crate::request::{Target, Wanted};
use crate::serve::Edge;
use crate::{pass_through, representations};

/// How long a body may take, and how large it may be, before its head goes out without it. What is there by then
/// can still be a clear error, or an older response, if its end is missing.
const GATHER_TIME: Duration = Duration::from_millis(20);
const GATHER_BYTES: usize = 64 << 10;

/// What a fill ended with, for everyone who waited for it. Each judges it by the fences of now.
pub enum Landed {
    /// Stamped and tagged.
    Whole {
        stored: Arc<StoredResponse>,
        reserved: Seat<HeaderMap>,
        above: Option<String>,
        was_kept: bool,
    },
    /// As [`Landed::Whole`], but for the body: it is still coming. `head` has none.
    Coming {
        head: Arc<StoredResponse>,
        body: Arc<GrowingBody>,
        leader: Seat<Reader>,
        reserved: Seat<HeaderMap>,
        above: Option<String>,
    },
    /// For the one who asked, and nobody else. `never`: nor for anybody else who asks for the same, in all likelihood.
    Unshared {
        fetched: Seat<Box<Fetched>>,
        never: bool,
    },
    Failed(FillError),
}

/// What only one can have: the request that began the fill.
pub struct Seat<T>(Mutex<Option<T>>);

impl<T> Seat<T> {
    fn of(only: T) -> Self {
        Self(Mutex::new(Some(only)))
    }

    pub fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Fetches, lets those aboard have it as it comes, stores it when it is whole.
pub async fn fill(
    edge: Arc<Edge>,
    wanted: Wanted,
    stored: Option<Arc<StoredResponse>>,
    flight: Flight,
    lander: Lander<Arc<Landed>>,
) {
    let begun = edge.invalidations.now();
    let validators = stored.as_ref().map(|stored| edge.validators(stored)).unwrap_or_default();
    let mut ask = Ask { target: wanted.target.clone(), validators };
    let mut answered = edge.upstream.fetch(&ask, Some(flight.fill())).await;
    if let (Ok(Answered::StillThat { headers, .. }), Some(stored)) = (&answered, &stored)
        && !http_caching::update::concerns(&stored.headers, headers)
    {
        // RFC 9111 §4.3.4: a 304 about something else "MUST NOT" update what is stored.
        ask.validators = Validators::default();
        answered = edge.upstream.fetch(&ask, Some(flight.fill())).await;
    }
    let landed = match (answered, stored) {
        (Ok(Answered::Response(fetched)), Some(stored))
            if is_failure(fetched.status) && edge.may_stand_in(&stored, &wanted) =>
        {
            Landed::Failed(FillError::Answered(fetched.status))
        }
        (Ok(Answered::Response(fetched)), _) => return share(&edge, &wanted, begun, fetched, lander).await,
        (Ok(Answered::StillThat { as_of: Some(as_of), tags, keep, headers }), Some(stored)) => {
            let tags = tags.and_then(|tags| stored.tags.and(&tags).ok());
            let fetched = validated(&stored, &wanted, as_of, tags, keep, &headers);
            return share(&edge, &wanted, begun, Box::new(fetched), lander).await;
        }
        (Ok(Answered::StillThat { .. }), _) => {
            Landed::Failed(FillError::Unreachable("a 304 that cannot be placed in the purge log".to_owned()))
        }
        (Err(error), _) => Landed::Failed(error),
    };
    if let Landed::Failed(error) = &landed {
        let key = wanted.key_text.replace('\n', " ");
        match error {
            // An answer: there is no such picture, or nothing can be made of it.
            FillError::Problem(problem) if problem.status < 500 => {
                tracing::debug!(%key, %error, "a fill was refused");
            }
            error => tracing::warn!(%key, %error, "a fill failed"),
        }
    }
    lander.land_last(Arc::new(landed));
}

async fn share(
    edge: &Edge,
    wanted: &Wanted,
    begun: Stamp,
    mut fetched: Box<Fetched>,
    lander: Lander<Arc<Landed>>,
) {
    if let FetchedBody::Coming(body) = &fetched.body
        && body.size_hint().lower() > edge.cache.entry_bytes_max()
    {
        fetched.keep.sharing = Sharing::Never;
    }
    let above = fetched.cache_status.clone();
    let reserved = Seat::of(std::mem::take(&mut fetched.reserved));
    let landed = match fetched.into_shared(&wanted.key_text, clock::unix_millis()) {
        Err(fetched) => {
            Landed::Unshared { never: fetched.keep.sharing != Sharing::OnlyHere, fetched: Seat::of(fetched) }
        }
        Ok((head, FetchedBody::Whole(body))) => {
            edge.keep(wanted, begun, head.with_body(body), reserved, above)
        }
        Ok((head, FetchedBody::Coming(body))) => match gather(body).await {
            Gathered::Whole(body) => edge.keep(wanted, begun, head.with_body(body), reserved, above),
            Gathered::Broken(error) => {
                tracing::warn!(key = %wanted.key_text.replace('\n', " "), %error, "a body broke off");
                Landed::Failed(error)
            }
            Gathered::Begun(first, rest) => {
                return stream(edge, wanted, begun, head, (first, rest), reserved, above, lander).await;
            }
        },
    };
    lander.land_last(Arc::new(landed));
}

enum Gathered {
    Whole(Bytes),
    Broken(FillError),
    Begun(Bytes, ComingBody),
}

/// Reads on for a moment: a small body that follows its head closely is not worth a stream.
async fn gather(mut body: ComingBody) -> Gathered {
    let patience = tokio::time::sleep(GATHER_TIME);
    tokio::pin!(patience);
    let mut begun: Option<Bytes> = None;
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > GATHER_BYTES {
        return Gathered::Begun(Bytes::new(), body);
    }
    loop {
        let frame = tokio::select! {
            biased;
            frame = poll_fn(|context| body.as_mut().poll_frame(context)) => frame,
            () = &mut patience => return Gathered::Begun(begun.unwrap_or_default(), body),
        };
        match frame {
            None => return Gathered::Whole(begun.unwrap_or_default()),
            Some(Err(error)) => return Gathered::Broken(error.into()),
            Some(Ok(frame)) => {
                // Trailers are not stored (RFC 9110 §6.5.1 lets an intermediary drop them).
                let Ok(chunk) = frame.into_data() else { continue };
                begun = Some(match begun {
                    None => chunk,
                    Some(before) => joined(&before, &chunk),
                });
            }
        }
        if begun.as_ref().is_some_and(|begun| begun.len() > GATHER_BYTES) {
            return Gathered::Begun(begun.unwrap_or_default(), body);
        }
    }
}

fn joined(one: &Bytes, other: &Bytes) -> Bytes {
    let mut both = BytesMut::with_capacity(one.len() + other.len());
    both.extend_from_slice(one);
    both.extend_from_slice(other);
    both.freeze()
}

/// The head lands, and the body is shared as it comes. It is stored before its readers see its end.
#[allow(clippy::too_many_arguments, reason = "what the fill knows by now")]
async fn stream(
    edge: &Edge,
    wanted: &Wanted,
    begun: Stamp,
    head: StoredResponse,
    (first, mut rest): (Bytes, ComingBody),
    reserved: Seat<HeaderMap>,
    above: Option<String>,
    lander: Lander<Arc<Landed>>,
) {
    let length = rest.size_hint().exact().map(|rest| rest + first.len() as u64);
    let body = GrowingBody::new(length, edge.fill_memory.hold());
    let Some(leader) = body.reader() else { return };
    let head = Arc::new(head);
    lander.land(Arc::new(Landed::Coming {
        head: Arc::clone(&head),
        body: Arc::clone(&body),
        leader: Seat::of(leader),
        reserved,
        above: above.clone(),
    }));
    let mut boarding = Some(lander);
    let mut next = Some(first);
    loop {
        if let Some(chunk) = next.take().filter(|chunk| !chunk.is_empty()) {
            let keeps = body.push(chunk) && body.bytes() <= edge.cache.entry_bytes_max();
            if !keeps && boarding.take().is_some() {
                body.let_go();
            }
            if boarding.is_none() && !body.room().await {
                tracing::debug!(key = %wanted.key_text.replace('\n', " "), "a large body that nobody reads");
                return;
            }
        }
        match poll_fn(|context| rest.as_mut().poll_frame(context)).await {
            Some(Ok(frame)) => next = frame.into_data().ok(),
            Some(Err(error)) => {
                tracing::warn!(key = %wanted.key_text.replace('\n', " "), %error, "a body broke off");
                body.end(Err(error));
                return;
            }
            None => break,
        }
    }
    if let Some(whole) = body.kept() {
        edge.keep(wanted, begun, head.with_body(whole), Seat::of(HeaderMap::new()), above);
    }
    body.end(Ok(()));
}

/// The stored response as the upstream has just confirmed it: what may become of it is decided anew.
fn validated(
    stored: &StoredResponse,
    wanted: &Wanted,
    as_of: AsOf,
    tags: Option<Tags>,
    keep: Keep,
    not_modified: &HeaderMap,
) -> Fetched {
    let mut headers = stored.headers.clone();
    http_caching::update::update(&mut headers, not_modified);
    let keep = match &wanted.target {
        Target::PassThrough(passed) => pass_through::keep(passed, stored.status, &headers, keep.initial_age),
        Target::Image(_) => keep,
    };
    Fetched {
        status: stored.status,
        headers,
        body: FetchedBody::Whole(stored.body.clone()),
        tags,
        as_of: Some(as_of),
        keep,
        reserved: HeaderMap::new(),
        varied_on: stored.varied_on.clone(),
        cache_status: None,
    }
}

/// Whether it can be of use later: fresh, stale by permission, or to be asked about.
fn is_useful(stored: &StoredResponse) -> bool {
    let grace = stored.stale_while_revalidate.max(stored.stale_if_error);
    stored.lifetime.saturating_add(grace) > stored.initial_age || !Validators::of(&stored.headers).is_empty()
}

impl Edge {
    /// By what the upstream is asked whether a stored response is still the answer. One that somebody has purged is only
    /// still the answer if that is beyond doubt.
    fn validators(&self, stored: &StoredResponse) -> Validators {
        match self.view.judge(&stored.tags, stored.as_of, &stored.checked).verdict {
            Verdict::Usable => Validators::of(&stored.headers),
            Verdict::Stale { .. } | Verdict::Unusable(_) => Validators::strong(&stored.headers),
        }
    }

    /// Stores what has landed, if it is usable against the fences of now, and nothing has invalidated its URL since the
    /// fill began. Asked under the cache's own lock, so that an erasure that raises its fence now either finds the
    /// response or keeps it out.
    fn keep(
        &self,
        wanted: &Wanted,
        begun: Stamp,
        mut stored: StoredResponse,
        reserved: Seat<HeaderMap>,
        above: Option<String>,
    ) -> Landed {
        let key;
        (key, stored.key_text) = representations::place_of(&stored, wanted);
        let stored = Arc::new(stored);
        let usable = |stored: &StoredResponse| {
            self.view.judge(&stored.tags, stored.as_of, &stored.checked).verdict == Verdict::Usable
                && !self.invalidations.since(begun, representations::url_of(wanted), &stored.tags)
        };
        let was_kept =
            is_useful(&stored) && self.cache.insert_if(key, Arc::clone(&stored), usable).is_stored();
        Landed::Whole { stored, reserved, above, was_kept }
    }
}
