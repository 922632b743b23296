//! `pentimento nodes`

use api_types::NodeList;

use crate::command::control::{ControlAddress, ControlClient, path_segment};

pub async fn list(control: ControlAddress) -> anyhow::Result<()> {
    let list: NodeList = ControlClient::new(control)?.get("/v1/nodes").await?;
    println!("purge log at position {}", list.head);
    for node in list.nodes {
        let lease = match node.lease_millis {
            0 if node.serves_stale => "serves stale".to_owned(),
            0 => "no lease".to_owned(),
            millis => format!("lease {millis} ms"),
        };
        let delivery = node.delivery.unwrap_or_default();
        println!(
            "{:<20} applied {:<8} {lease:<14} {:<28} {delivery}",
            node.name,
            node.applied,
            node.roles.join(",")
        );
    }
    Ok(())
}

pub async fn forget(name: &str, control: ControlAddress) -> anyhow::Result<()> {
    let path = format!("/v1/nodes/{}", path_segment(name));
    let _left: NodeList = ControlClient::new(control)?.delete(&path).await?;
    println!("{name} is declared gone; if it comes back, it starts with an empty cache");
    Ok(())
}
