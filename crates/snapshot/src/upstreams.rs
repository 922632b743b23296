//! The servers behind a pass-through site, and how they are asked.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Several that answer the same. All times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Upstreams {
    pub servers: Vec<Server>,
    /// How they are asked whether they are well, if they are.
    pub health: Option<HealthCheck>,
    pub patience: Patience,
    pub places: Places,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Server {
    /// `http` or `https`, host and port.
    pub url: String,
    /// Its share of the requests.
    pub weight: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HealthCheck {
    pub path: String,
    pub interval: u32,
    /// The status of a server that is well.
    pub expect: u16,
}

/// How long an upstream may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Patience {
    /// For name, TCP and TLS.
    pub connect: u32,
    /// From then on to the whole header of its answer.
    pub first_byte: u32,
    /// Between two parts of a body.
    pub idle: u32,
    /// From the request to the end of its answer.
    pub total: u32,
}

/// How much may be under way to one upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Places {
    /// At the same time.
    pub requests: u32,
    /// Waiting for one of those.
    pub queue: u32,
    /// For so long.
    pub wait: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: 3_000, first_byte: 10_000, idle: 10_000, total: 3_600_000 }
    }
}

impl Default for Places {
    fn default() -> Self {
        Self { requests: 256, queue: 256, wait: 5_000 }
    }
}

impl Upstreams {
    /// One server, and the defaults of everything.
    pub fn one(url: impl Into<String>) -> Self {
        Self {
            servers: vec![Server { url: url.into(), weight: 1 }],
            health: None,
            patience: Patience::default(),
            places: Places::default(),
        }
    }
}

/// Requests share them.
pub(crate) mod shared {
    use super::{Arc, Deserialize, Deserializer, Serialize, Serializer, Upstreams};

    pub(crate) fn serialize<S: Serializer>(upstreams: &Arc<Upstreams>, to: S) -> Result<S::Ok, S::Error> {
        upstreams.as_ref().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Upstreams>, D::Error> {
        Upstreams::deserialize(from).map(Arc::new)
    }
}

/// As it is, or as the URL that was all there was to say before there were pools.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Url(String),
    Whole { servers: Vec<Server>, health: Option<HealthCheck>, patience: Patience, places: Places },
}

impl From<Written> for Upstreams {
    fn from(written: Written) -> Self {
        match written {
            Written::Url(url) => Self::one(url),
            Written::Whole { servers, health, patience, places } => {
                Self { servers, health, patience, places }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_stands_for_one_server_with_all_defaults() {
        let read: Upstreams = serde_json::from_str(r#""http://10.0.0.7:8000""#).expect("upstreams");
        assert_eq!(read, Upstreams::one("http://10.0.0.7:8000"));
        let whole = serde_json::to_string(&read).expect("JSON");
        assert_eq!(serde_json::from_str::<Upstreams>(&whole).expect("upstreams"), read);
    }
}
