//! `pentimento purge`

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use api_types::{CdnOutcome, Look, NodeOutcome, PurgeRequest, PurgeView, Selector, Verdict};
use clap::Args;

use crate::command::control::{ControlAddress, ControlClient};
use crate::command::impact;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// As the command line gives them.
#[derive(Args)]
pub struct Selectors {
    /// source/path
    pub original: Option<String>,
    #[arg(long)]
    pub folder: Option<String>,
    #[arg(long)]
    pub url: Option<String>,
    /// Every URL at and below this one
    #[arg(long)]
    pub prefix: Option<String>,
    #[arg(long)]
    pub tag: Option<String>,
    /// A preset by its name, a tenant's as tenant/name
    #[arg(long)]
    pub preset: Option<String>,
    /// A pack, as tenant/id
    #[arg(long)]
    pub pack: Option<String>,
    /// A location of all packs, as tenant/name
    #[arg(long)]
    pub location: Option<String>,
    #[arg(long)]
    pub source: Option<String>,
    /// Everything
    #[arg(long)]
    pub all: bool,
}

impl Selectors {
    fn list(self) -> anyhow::Result<Vec<Selector>> {
        let list: Vec<Selector> = [
            self.original.map(Selector::Original),
            self.folder.map(Selector::Folder),
            self.url.map(Selector::Url),
            self.prefix.map(Selector::Prefix),
            self.tag.map(Selector::Tag),
            self.preset.map(Selector::Preset),
            self.pack.map(Selector::Pack),
            self.location.map(Selector::Location),
            self.source.map(Selector::Source),
            self.all.then_some(Selector::All(true)),
        ]
        .into_iter()
        .flatten()
        .collect();
        if list.is_empty() {
            bail!(
                "say what to purge: an original as in demo/cat.jpg, or --folder, --url, --prefix, --tag, --preset, --pack, --location, --source, --all"
            );
        }
        Ok(list)
    }
}

/// `request` has everything but its selectors.
pub async fn run(
    selectors: Selectors,
    request: PurgeRequest,
    wait: bool,
    control: ControlAddress,
) -> ExitCode {
    let request = match selectors.list() {
        Ok(selectors) => PurgeRequest { selectors, ..request },
        Err(error) => {
            eprintln!("pentimento: {error:#}");
            return ExitCode::from(2);
        }
    };
    if request.dry_run {
        return match impact::show(&request, control).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("pentimento: {error:#}");
                ExitCode::from(2)
            }
        };
    }
    match purge(&request, wait, control).await {
        Ok(view) if !wait || view.state.succeeded() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("pentimento: {error:#}");
            ExitCode::from(2)
        }
    }
}

pub(super) async fn purge(
    request: &PurgeRequest,
    wait: bool,
    control: ControlAddress,
) -> anyhow::Result<PurgeView> {
    let client = ControlClient::new(control)?;
    let mut view: PurgeView = client.post("/v1/purges", serde_json::to_vec(request)?).await?;
    println!("purge {}", view.id);
    let mut shown = 0;
    loop {
        for event in &view.events[shown.min(view.events.len())..] {
            let after = event.at.saturating_sub(view.received);
            let detail = event.detail.as_deref().map(|detail| format!("  {detail}")).unwrap_or_default();
            println!("{after:>7} ms  {:<17}{detail}", event.state.as_str());
        }
        shown = view.events.len();
        if !wait || view.state.has_ended() {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        view = client.get(&format!("/v1/purges/{}", view.id)).await?;
    }
    if view.state.has_ended() {
        print_receipt(&view);
    }
    Ok(view)
}

fn print_receipt(view: &PurgeView) {
    let receipt = &view.receipt;
    let short = |digest: &Option<String>| {
        digest.as_deref().map_or("nothing", |d| d.get(..12).unwrap_or(d)).to_owned()
    };
    if let Some(position) = receipt.position {
        println!("\nposition {position}: {}", receipt.subjects.join(", "));
    }
    for original in &receipt.originals {
        println!("  {}: {} -> {}", original.original, short(&original.before), short(&original.after));
        if original.dependents > 0 {
            println!("    and {} URLs of other originals that show it", original.dependents);
        }
    }
    if let Some(warm) = &receipt.warm {
        println!(
            "  warmed {} derivatives in {} ms; {} failed, {} skipped",
            warm.warmed, warm.took, warm.failed, warm.skipped
        );
    }
    for node in &receipt.nodes {
        match node.outcome {
            NodeOutcome::Acknowledged => println!("  node {} has applied it", node.name),
            NodeOutcome::LeaseExpired => {
                println!("  node {} lost its lease and answers nothing unasked", node.name)
            }
            NodeOutcome::Awaited => println!("  node {} has not applied it yet", node.name),
            NodeOutcome::ServingStale => {
                println!("  node {} is cut off and serves stale", node.name)
            }
            NodeOutcome::DeclaredGone => {
                println!("  node {} was declared gone by an operator", node.name)
            }
        }
    }
    for cdn in &receipt.cdns {
        println!("  CDN {}: {}", cdn.name, told(cdn.outcome));
        for call in &cdn.calls {
            let handle = call.handle.as_deref().map(|handle| format!(" as {handle}")).unwrap_or_default();
            let why = call.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
            println!("    {}{handle}: {}{why}", call.what, told(call.outcome));
        }
        for note in &cdn.notes {
            println!("    note: {note}");
        }
    }
    for external in &receipt.externals {
        println!("  {} at {}", external.url, external.cdn);
    }
    for host in &receipt.hosts {
        let why = host.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        println!("  at {}: {} after {} looks{why}", host.host, in_words(host.verdict), host.looks);
    }
    if let Some(sample) = receipt.sample {
        println!("  of {} URLs, {} were looked at", sample.of, sample.looked_at);
    }
    for look in &receipt.looks {
        println!("{}", looked(look));
    }
    for note in &receipt.notes {
        println!("  note: {note}");
    }
    if let Some(error) = &view.error {
        println!("  error: {error}");
    }
}

/// A look as a line, and what proves it where it is no good news.
pub(super) fn looked(look: &Look) -> String {
    let why = look.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let mut text = format!("  {} through {}: {}{why}", in_words(look.verdict), look.through(), look.url);
    if look.verdict == Verdict::Stale {
        let seen = look.seen.as_deref().unwrap_or("nothing");
        _ = write!(text, "\n    saw {seen} instead of {}", look.expected);
    }
    if let Some(evidence) = look.evidence.as_ref().filter(|_| look.verdict != Verdict::Verified) {
        let address = evidence.address.as_deref().unwrap_or("an address unknown");
        _ = write!(text, "\n    from {address}, status {}, in {} ms", evidence.status, evidence.took);
        for (name, value) in &evidence.fields {
            _ = write!(text, "\n    {name}: {value}");
        }
    }
    text
}

pub(super) fn in_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "verified",
        Verdict::Stale => "STALE",
        Verdict::Unverifiable => "unverifiable",
    }
}

fn told(outcome: CdnOutcome) -> &'static str {
    match outcome {
        CdnOutcome::Waiting => "waiting",
        CdnOutcome::UnderWay => "under way",
        CdnOutcome::Done => "told",
        CdnOutcome::Failed => "FAILED",
    }
}
