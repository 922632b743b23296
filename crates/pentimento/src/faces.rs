//! The listeners of other vendors' APIs.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use api::faces::{Doors, FaceSettings};
use axum::Router;
use tokio::net::TcpListener;

use crate::config::Face;
use crate::listeners::bind;

/// Those that share an address share a listener.
pub async fn bind_all(faces: &[Face], doors: &Doors) -> anyhow::Result<Vec<(TcpListener, Router)>> {
    let mut listening: BTreeMap<SocketAddr, Vec<FaceSettings>> = BTreeMap::new();
    for Face { kind, listen, site, rates } in faces {
        let face = FaceSettings { kind: *kind, site: site.clone(), rates: *rates };
        listening.entry(*listen).or_default().push(face);
    }
    let mut routers = Vec::new();
    for (address, faces) in listening {
        routers.push((bind(address).await?, api::faces::router(faces, doors)));
    }
    Ok(routers)
}
