//! `pentimento purges`

use api_types::{PurgeList, PurgeView};
use url::form_urlencoded::Serializer;

use crate::command::control::{ControlAddress, ControlClient, path_segment};

pub async fn list(
    state: Option<String>,
    tenant: Option<String>,
    subject: Option<String>,
    control: ControlAddress,
) -> anyhow::Result<()> {
    let mut query = Serializer::new("limit=50".to_owned());
    for (name, value) in [("state", state), ("tenant", tenant), ("subject", subject)] {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    let path = format!("/v1/purges?{}", query.finish());
    let list: PurgeList = ControlClient::new(control)?.get(&path).await?;
    for purge in list.purges {
        let selectors: Vec<String> = purge.selectors.iter().take(3).map(ToString::to_string).collect();
        let more = if purge.selectors.len() > 3 { " …" } else { "" };
        println!(
            "{}  {:<16} {:<5} {}  by {}  {}{more}",
            purge.id,
            purge.state.as_str(),
            purge.mode.as_str(),
            purge.received,
            purge.cause,
            selectors.join(", ")
        );
    }
    Ok(())
}

pub async fn cancel(id: &str, control: ControlAddress) -> anyhow::Result<()> {
    let path = format!("/v1/purges/{}", path_segment(id));
    let view: PurgeView = ControlClient::new(control)?.delete(&path).await?;
    println!("purge {} is {}", view.id, view.state);
    Ok(())
}

pub async fn retry(id: &str, control: ControlAddress) -> anyhow::Result<()> {
    let path = format!("/v1/purges/{}/retry", path_segment(id));
    let view: PurgeView = ControlClient::new(control)?.post(&path, Vec::new()).await?;
    println!("purge {}", view.id);
    Ok(())
}
