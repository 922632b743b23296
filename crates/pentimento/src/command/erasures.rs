//! `pentimento erasures` and `pentimento audit`

use api_types::{AuditList, ErasureList, PurgeView};

use crate::command::control::{ControlAddress, ControlClient, path_segment};

pub async fn list(control: ControlAddress) -> anyhow::Result<()> {
    let list: ErasureList = ControlClient::new(control)?.get("/v1/erasures?limit=200").await?;
    if list.erasures.is_empty() {
        println!("nothing is erased");
    }
    for erasure in list.erasures {
        let reason = erasure.reason.map(|reason| format!("  {reason}")).unwrap_or_default();
        println!(
            "{:<40} {}  at {}  by {}  purge {}{reason}",
            erasure.original,
            erasure.status,
            erasure.at,
            erasure.operator.as_deref().unwrap_or("unknown"),
            erasure.purge,
        );
    }
    Ok(())
}

pub async fn lift(original: &str, control: ControlAddress) -> anyhow::Result<()> {
    let path: Vec<String> = original.split('/').map(path_segment).collect();
    let path = format!("/v1/erasures/{}", path.join("/"));
    let view: PurgeView = ControlClient::new(control)?.delete(&path).await?;
    println!("{original} may be fetched again; purge {} tells all nodes", view.id);
    Ok(())
}

pub async fn audit(control: ControlAddress) -> anyhow::Result<()> {
    let list: AuditList = ControlClient::new(control)?.get("/v1/audit?limit=200").await?;
    for entry in list.entries {
        let purge = entry.purge.map(|purge| format!("  purge {purge}")).unwrap_or_default();
        println!("{}  {:<16} {:<12} {}{purge}", entry.at, entry.operator, entry.action, entry.subject);
    }
    Ok(())
}
