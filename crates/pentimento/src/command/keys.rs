//! `pentimento keys`

use api_types::{KeyList, KeyRequest, NewKey};

use crate::command::control::{ControlAddress, ControlClient, path_segment};

pub async fn list(control: ControlAddress) -> anyhow::Result<()> {
    let list: KeyList = ControlClient::new(control)?.get("/v1/keys").await?;
    if list.keys.is_empty() {
        println!("there are no keys; the token of the data directory opens everything");
    }
    for key in list.keys {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        let tenant = key.tenant.as_deref().unwrap_or("everything");
        println!(
            "{:<20} {:<12} {:<48} made at {} by {}",
            key.name,
            tenant,
            scopes.join(","),
            key.created,
            key.creator
        );
    }
    Ok(())
}

/// Nothing but the key on standard output, so that a script can keep it.
pub async fn create(request: KeyRequest, control: ControlAddress) -> anyhow::Result<()> {
    let made: NewKey = ControlClient::new(control)?.post("/v1/keys", serde_json::to_vec(&request)?).await?;
    eprintln!("key {}; it is not shown again:", made.view.name);
    println!("{}", made.key);
    Ok(())
}

pub async fn revoke(name: &str, control: ControlAddress) -> anyhow::Result<()> {
    let path = format!("/v1/keys/{}", path_segment(name));
    let _left: KeyList = ControlClient::new(control)?.delete(&path).await?;
    println!("{name} opens nothing any more");
    Ok(())
}
