//! The first page: the pictures of the demo source if there is one, a form for any purge, what was purged, the nodes.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use http::StatusCode;

use crate::Console;
use crate::asset::Asset;
use crate::erasures::ErasureTable;
use crate::lists::{NodeTable, PurgeTable};
use crate::page::{self, Shown, shown};
use crate::picture::{self, Picture};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    gallery: Option<Gallery>,
    purges: PurgeTable,
    nodes: NodeTable,
    erasures: ErasureTable,
}

struct Gallery {
    source: String,
    /// Or why they cannot be shown.
    pictures: Result<Vec<Picture>, String>,
}

pub async fn show(State(console): State<Arc<Console>>) -> Shown {
    let gallery = match &console.demo {
        None => None,
        Some(source) => {
            let pictures =
                source.pictures().await.map_err(|error| page::sentence(&error.to_string())).map(|pictures| {
                    pictures.into_iter().map(|one| Picture::of(source, &console.delivery, one)).collect()
                });
            Some(Gallery { source: source.name.clone(), pictures })
        }
    };
    let page = HomePage {
        gallery,
        purges: PurgeTable::newest(&console.purges).await,
        nodes: NodeTable::now(&console.purges),
        erasures: ErasureTable::newest(&console.purges).await,
    };
    shown(StatusCode::OK, &page)
}
