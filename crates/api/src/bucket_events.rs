//! `POST /v1/events/{kind}`: objects that changed in a bucket become a purge of their originals.
//!
//! Whoever tells of them shows a key, or signs what they tell. Stores deliver an event at least once: the same ones again
//! are the same purge.

use std::collections::BTreeSet;
use std::sync::Arc;

use api_types::{PurgeRequest, Selector};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bus::clock::unix_millis;
use http::request::Parts;
use http::{Request, StatusCode};
use percent_encoding::percent_decode_str;
use purge_protocol::Mode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::authorization::{Guests, Unauthorized, bearer, what_is_asked};
use crate::body::{JsonError, is_json, read_body};
use crate::principal::Principal;
use crate::problem::{Refused, json as answer};
use crate::purges::PurgeApi;
use crate::sender::{Content, SCOPES, Senders};

/// As many as a purge has selectors; stores send far fewer at once.
const EVENTS_MAX: usize = 100;

/// Which source's originals the objects of a bucket are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSource {
    pub bucket: String,
    /// What stands before the originals' paths in the objects' names, as in `images/`; other objects do not count.
    pub prefix: String,
    pub source: String,
}

#[derive(Clone)]
pub struct EventApi {
    pub purges: PurgeApi,
    pub guests: Guests,
    pub senders: Arc<Senders>,
    pub buckets: Arc<Vec<BucketSource>>,
}

#[derive(Debug, thiserror::Error)]
pub enum EventError {
    #[error("there are events of s3, gcs, azure and generic, not of {0:?}")]
    UnknownKind(String),
    #[error("the body is no event of {kind}: {why}")]
    Malformed { kind: &'static str, why: String },
    #[error("at most {EVENTS_MAX} events at once, not {0}")]
    TooMany(usize),
}

/// One object that was made, replaced or removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Changed {
    id: String,
    bucket: String,
    object: String,
}

enum Told {
    Events(Vec<Changed>),
    /// Azure wants to know whether this address wants events (its handshake).
    Handshake(String),
}

pub async fn take(State(api): State<EventApi>, Path(kind): Path<String>, request: Request<Body>) -> Response {
    let what = what_is_asked(&request);
    let (parts, body) = request.into_parts();
    // Whoever shows a key is not read before it is known to be one.
    let (principal, content, body) = if bearer(&parts.headers).is_some() {
        (api.guests.admit_bearer(&parts.headers).await, Content::Body, body)
    } else {
        match api.signed(&parts, body).await {
            Ok((principal, content, body)) => (Ok(principal), content, body),
            Err(Unbelieved::Body(refused)) => return refused.into_response(),
            Err(Unbelieved::Unauthorized(error)) => (Err(error), Content::Nothing, Body::empty()),
        }
    };
    let run = async |principal| match api.carry_out(&kind, principal, &parts, content, body).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    };
    api.guests.on_behalf(&what, principal, run).await
}

enum Unbelieved {
    Body(Refused),
    Unauthorized(Unauthorized),
}

impl EventApi {
    /// Who has signed the body, which has to be read for that.
    async fn signed(&self, parts: &Parts, body: Body) -> Result<(Principal, Content, Body), Unbelieved> {
        let body = read_body(body).await.map_err(|error| Unbelieved::Body(error.into()))?;
        let told = self.senders.find(&parts.headers, &body, unix_millis() / 1000).await;
        let told = told.map_err(|error| Unbelieved::Unauthorized(error.into()))?;
        let told = told.ok_or(Unbelieved::Unauthorized(Unauthorized::NoToken))?;
        let who = format!("sender:{}", told.sender.name);
        let principal = self.guests.bounded(who, SCOPES, told.sender.tenant.clone());
        Ok((principal.map_err(Unbelieved::Unauthorized)?, told.what, Body::from(body)))
    }

    async fn carry_out(
        &self,
        kind: &str,
        principal: Principal,
        parts: &Parts,
        content: Content,
        body: Body,
    ) -> Result<Response, Refused> {
        let body = match content {
            Content::Nothing => return Ok(answer(StatusCode::OK, &json!({"received": 0, "originals": []}))),
            Content::Message(text) => serde_json::from_str(&text).map_err(JsonError::Unexpected)?,
            Content::Body if !is_json(&parts.headers) => return Err(JsonError::NotJson.into()),
            Content::Body => {
                serde_json::from_slice(&read_body(body).await?).map_err(JsonError::Unexpected)?
            }
        };
        let events = match told(kind, body)? {
            Told::Handshake(code) => {
                return Ok(answer(StatusCode::OK, &json!({"validationResponse": code})));
            }
            Told::Events(events) => events,
        };
        if events.len() > EVENTS_MAX {
            return Err(EventError::TooMany(events.len()).into());
        }
        let received = events.len();
        let (originals, ids) = concerning(&events, &self.buckets);
        if originals.is_empty() {
            return Ok(answer(StatusCode::OK, &json!({"received": received, "originals": []})));
        }
        let mut key = blake3::Hasher::new();
        for id in ids {
            key.update(&(id.len() as u64).to_le_bytes()).update(id.as_bytes());
        }
        let key = format!("event:{kind}:{}", key.finalize().to_hex());
        let selectors = originals.iter().cloned().map(Selector::Original).collect();
        let request = PurgeRequest { selectors, mode: Mode::Hard, ..PurgeRequest::default() };
        principal.may_ask_for(&request)?;
        let purge = self.purges.purges.accept(request, Some(key), &principal.asker).await?;
        let body = json!({"received": received, "originals": originals, "purge": purge.view.id});
        Ok(answer(StatusCode::ACCEPTED, &body))
    }
}

/// The originals of ours among them, and the ids of their events, in an order that does not depend on theirs.
fn concerning<'a>(events: &'a [Changed], buckets: &[BucketSource]) -> (BTreeSet<String>, BTreeSet<&'a str>) {
    let (mut originals, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        for place in buckets.iter().filter(|place| place.bucket == event.bucket) {
            if let Some(path) = event.object.strip_prefix(&place.prefix).filter(|path| !path.is_empty()) {
                originals.insert(format!("{}/{path}", place.source));
                ids.insert(event.id.as_str());
            }
        }
    }
    (originals, ids)
}

fn told(kind: &str, body: Value) -> Result<Told, EventError> {
    let malformed = |kind, error: serde_json::Error| EventError::Malformed { kind, why: error.to_string() };
    match kind {
        "s3" => s3(body).map(Told::Events).map_err(|error| malformed("s3", error)),
        "gcs" => gcs(body).map(Told::Events).map_err(|error| malformed("gcs", error)),
        "azure" => azure(body).map_err(|error| malformed("azure", error)),
        "generic" => generic(body).map(Told::Events).map_err(|error| malformed("generic", error)),
        _ => Err(EventError::UnknownKind(kind.chars().take(50).collect())),
    }
}

/// S3's own notifications, as MinIO and others send them too, and those of EventBridge. Stores add fields at will.
fn s3(body: Value) -> Result<Vec<Changed>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Notification {
        Own {
            #[serde(rename = "Records")]
            records: Vec<Record>,
        },
        /// What S3 sends when notifications are set up.
        Test {
            #[serde(rename = "Event")]
            _event: String,
        },
        Bridge {
            id: String,
            detail: Detail,
        },
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Record {
        event_name: String,
        s3: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        bucket: Bucket,
        object: Object,
    }
    #[derive(Deserialize)]
    struct Bucket {
        name: String,
    }
    #[derive(Deserialize)]
    struct Object {
        key: String,
        #[serde(default)]
        sequencer: String,
    }
    Ok(match serde_json::from_value(body)? {
        Notification::Test { .. } => Vec::new(),
        Notification::Bridge { id, detail } => {
            vec![Changed { id, bucket: detail.bucket.name, object: detail.object.key }]
        }
        Notification::Own { records } => records
            .into_iter()
            .map(|Record { event_name, s3: Detail { bucket, object } }| {
                // As in a form: a plus is a space.
                let key = object.key.replace('+', " ");
                let name = percent_decode_str(&key).decode_utf8_lossy().into_owned();
                let id = format!("{event_name} {} {} {}", bucket.name, object.key, object.sequencer);
                Changed { id, bucket: bucket.name, object: name }
            })
            .collect(),
    })
}

/// Pub/Sub's push of a notification of Cloud Storage.
fn gcs(body: Value) -> Result<Vec<Changed>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Push {
        message: Message,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Message {
        message_id: String,
        attributes: Attributes,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Attributes {
        bucket_id: String,
        object_id: String,
        event_type: String,
    }
    let Push { message: Message { message_id, attributes } } = serde_json::from_value(body)?;
    // The bytes are as they were.
    if attributes.event_type == "OBJECT_METADATA_UPDATE" {
        return Ok(Vec::new());
    }
    Ok(vec![Changed { id: message_id, bucket: attributes.bucket_id, object: attributes.object_id }])
}

/// Event Grid's: `/blobServices/default/containers/CONTAINER/blobs/PATH`.
fn azure(body: Value) -> Result<Told, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Event {
        id: String,
        event_type: String,
        #[serde(default)]
        subject: String,
        #[serde(default)]
        data: Value,
    }
    let events: Vec<Event> = serde_json::from_value(body)?;
    let mut changed = Vec::new();
    for Event { id, event_type, subject, data } in events {
        if event_type == "Microsoft.EventGrid.SubscriptionValidationEvent" {
            let code = data.get("validationCode").and_then(Value::as_str).unwrap_or_default();
            return Ok(Told::Handshake(code.chars().take(200).collect()));
        }
        let place = subject.strip_prefix("/blobServices/default/containers/");
        if let Some((bucket, object)) = place.and_then(|place| place.split_once("/blobs/"))
            && event_type.starts_with("Microsoft.Storage.Blob")
        {
            changed.push(Changed { id, bucket: bucket.to_owned(), object: object.to_owned() });
        }
    }
    Ok(Told::Events(changed))
}

/// For every other store: `{"id": "…", "bucket": "…", "objects": ["…"]}`.
fn generic(body: Value) -> Result<Vec<Changed>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Event {
        id: String,
        bucket: String,
        objects: Vec<String>,
    }
    let Event { id, bucket, objects } = serde_json::from_value(body)?;
    let one = |object| Changed { id: id.clone(), bucket: bucket.clone(), object };
    Ok(objects.into_iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn changed(kind: &str, body: Value) -> String {
        match told(kind, body) {
            Ok(Told::Events(events)) => events
                .iter()
                .map(|one| format!("{}:{}", one.bucket, one.object))
                .collect::<Vec<_>>()
                .join(" "),
            Ok(Told::Handshake(code)) => format!("handshake {code}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn each_store_says_it_in_its_own_way() {
        let record = |name: &str, key: &str| {
            json!({"eventVersion": "2.1", "eventName": name, "s3": {"s3SchemaVersion": "1.0",
                   "bucket": {"name": "b", "arn": "x"}, "object": {"key": key, "sequencer": "0A"}}})
        };
        let azure = |kind: &str, subject: &str| json!([{"id": "1", "eventType": kind, "subject": subject, "data": {"validationCode": "c0de"}, "topic": "t"}]);
        let blob = "/blobServices/default/containers/b/blobs/a/cat.jpg";
        let gcs = |kind: &str| {
            json!({"subscription": "s", "message": {"messageId": "7", "data": "e30=",
                   "attributes": {"bucketId": "b", "objectId": "a/cat.jpg", "eventType": kind}}})
        };
        for (kind, body, wanted) in [
            (
                "s3",
                json!({"Records": [record("ObjectCreated:Put", "a/my+cat%2B.jpg"), record("ObjectRemoved:Delete", "x")]}),
                "b:a/my cat+.jpg b:x",
            ),
            ("s3", json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}), ""),
            (
                "s3",
                json!({"id": "1", "detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": "a b.jpg"}}}),
                "b:a b.jpg",
            ),
            ("gcs", gcs("OBJECT_FINALIZE"), "b:a/cat.jpg"),
            ("gcs", gcs("OBJECT_METADATA_UPDATE"), ""),
            ("azure", azure("Microsoft.Storage.BlobCreated", blob), "b:a/cat.jpg"),
            ("azure", azure("Microsoft.Storage.DirectoryCreated", blob), ""),
            ("azure", azure("Microsoft.EventGrid.SubscriptionValidationEvent", ""), "handshake c0de"),
            ("generic", json!({"id": "1", "bucket": "b", "objects": ["x", "y"]}), "b:x b:y"),
        ] {
            assert_eq!(changed(kind, body.clone()), wanted, "{kind} {body}");
        }
        for kind in ["s3", "gcs", "azure", "generic", "ftp"] {
            assert!(told(kind, json!({"objects": []})).is_err(), "{kind}");
        }
    }

    #[test]
    fn objects_outside_of_what_is_served_do_not_count() {
        let place = |prefix: &str, source: &str| BucketSource {
            bucket: "b".to_owned(),
            prefix: prefix.to_owned(),
            source: source.to_owned(),
        };
        let event = |id: &str, bucket: &str, object: &str| Changed {
            id: id.to_owned(),
            bucket: bucket.to_owned(),
            object: object.to_owned(),
        };
        let buckets = [place("images/", "demo"), place("images/raw/", "raw")];
        let events =
            [event("1", "b", "images/raw/cat.jpg"), event("2", "b", "images/"), event("3", "c", "images/x")];
        let (originals, ids) = concerning(&events, &buckets);
        assert_eq!(originals.into_iter().collect::<Vec<_>>(), ["demo/raw/cat.jpg", "raw/cat.jpg"]);
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["1"]);
    }

    proptest! {
        #[test]
        fn any_json_is_events_or_is_not(kind in "s3|gcs|azure|generic", name in "\\PC{0,12}", id in "[a-z0-9]{0,4}") {
            for body in [
                json!({"Records": [{"eventName": id, "s3": {"bucket": {"name": name}, "object": {"key": name}}}]}),
                json!({"message": {"messageId": id, "attributes": {"bucketId": name, "objectId": name, "eventType": id}}}),
                json!([{"id": id, "eventType": "Microsoft.Storage.BlobCreated", "subject": name}]),
                json!({"id": id, "bucket": name, "objects": [name]}),
                json!([name, id]),
            ] {
                let _ = told(&kind, body);
            }
        }
    }
}
