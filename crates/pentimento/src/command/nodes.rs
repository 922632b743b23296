//! `pentimento nodes`

use api_types::NodeList;

use crate::command::control::{ControlAddress, ControlClient};

pub async fn run(control: ControlAddress) -> anyhow::Result<()> {
    let list: NodeList = ControlClient::new(control)?.get("/v1/nodes").await?;
    println!("purge log at position {}", list.head);
    for node in list.nodes {
        let lease = match node.lease_millis {
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
