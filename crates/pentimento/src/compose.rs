//! Puts a node together from its configuration, and runs it.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail};
use api::faces::Doors;
use api::{ApiToken, Control, Guests, HostRule, Issuers, Operations, Senders};
use api_types::node::{NODE_KEY, READY_PATH};
use blobs::Blobs;
use bus::clock::unix_millis;
use bus::{Feed, Follow, HttpFeed, LogView, StateFile};
use cache::Cache;
use catalog::Catalog;
use cdn::Driver;
use console::{ConsoleSettings, DemoSource};
use edge::fill::Upstream;
use edge::flights::Flights;
use edge::invalidations::Invalidations;
use edge::node_protocol;
use edge::pass_through::{Direct, PassOn};
use edge::pools::{self, Pools};
use edge::purge_method::PurgeDoor;
use edge::serving::CurrentServing;
use edge::tier_above::TierAbove;
use edge::unshareable::Unshareable;
use edge::{Edge, FillMemory, Serving, Trust};
use http::{HeaderMap, HeaderValue};
use origin::{Balance, FetchLimits, HealthRules, MemberReport, Pool, PoolSettings, Probe};
use purge::{
    Authority, ByHand, Cdn, CdnWorker, Estimator, Keeping, Nodes, Purges, Selectors, Tenants, Verifier,
    Worker, WorkerSettings,
};
use purge_protocol::{AsOf, Erasure, Fences, Follower, Isolation, NodeId, TagKey, Tags};
use renderer::{KnownSource, Originals, Renderer};
use telemetry::Metrics;
use tokio::sync::watch;
use url::Url;

use crate::catalog_place;
use crate::config::{self, Config, DiskAdmission, Isolated, NodesAbove, Role, SourceKind};
use crate::data_dir::DataDir;
use crate::explainer::AllNodes;
use crate::faces;
use crate::gauges::metrics_text;
use crate::listeners::{self, Delivery, bind};
use crate::open_files;
use crate::purge_door::{ToControl, Upwards};
use crate::rendering;
use crate::split::Split;
use crate::warmer::OwnDelivery;

/// Fences that a node keeps; about 36 bytes each.
const FENCES_MAX: usize = 1_000_000;
/// A purge mostly waits: for sources, for silent nodes until their leases end, for looks. One that waits keeps a worker.
/// Half of them is what one asker may have.
const PURGE_WORKERS: usize = 64;
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// A node above that hangs is passed over after two of these; it may take as long to answer.
const PROBE_EVERY: Duration = Duration::from_secs(2);
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// What the demo adds to a node.
#[derive(Debug, Clone)]
pub struct Demo {
    pub source: String,
    pub base_url: Url,
}

/// What only holds of this one start.
#[derive(Debug, Clone, Default)]
pub struct Start {
    pub demo: Option<Demo>,
    /// An operator says that the data directory which has the catalog is gone for good.
    pub adopt_catalog: bool,
}

/// Where a running node can be reached.
#[derive(Debug, Clone)]
pub struct Addresses {
    pub delivery: SocketAddr,
    pub control: Option<SocketAddr>,
}

/// Runs a node until `stop` says true. `ready` is called once it serves.
pub async fn run(
    config: Config,
    data: DataDir,
    start: Start,
    ready: impl FnOnce(&Addresses),
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    open_files::raise_limit(config.listen.connections.into());
    let metrics = Arc::new(Metrics::new());
    let client = origin::Client::new();
    let listening = Delivery::bind(&config, &data).await?;
    let delivery = listening.plain.local_addr()?;
    let control_listener = match config.node.control_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };

    let state_file = StateFile::in_folder(data.path());
    let earlier = state_file.read();
    if earlier.is_none() {
        // Without its fences a node cannot tell what of its disk may answer, nor what was to be erased.
        empty(&data.cache())?;
    }
    let inherits_from = earlier.as_ref().map(|state| state.incarnation);
    let incarnation = earlier.as_ref().map_or(0, |state| state.incarnation + 1).max(unix_millis());
    let follower = match earlier.and_then(|state| state.fences) {
        Some(fences) => Follower::restore(fences, FENCES_MAX),
        None => Follower::new(Fences::unfollowed(FENCES_MAX)),
    };
    let isolation = match config.cluster.isolated {
        Isolated::Validate => Isolation::Validate,
        Isolated::ServeStale => Isolation::ServeStale,
    };
    let view = Arc::new(LogView::new(follower, isolation));
    let cache = Arc::new(Cache::open(cache_settings(&config, &data))?);

    let serving = CurrentServing::unknown();
    let secret = match &config.cluster.secret {
        Some(secret) => Some(
            std::str::from_utf8(secret.bytes()).context("the cluster secret must be text")?.trim().to_owned(),
        ),
        None => None,
    };
    let controlled = if config.node.roles.has(Role::Control) {
        let catalog = catalog_place::open(&config, &data, start.adopt_catalog).await?;
        Some(control(catalog, &config, &data, &view, &client, secret.clone(), &metrics).await?)
    } else {
        None
    };
    let (feed, upstream, pass_on, http_feed, members): Parts = match (&controlled, &config.node.upstream) {
        (Some(controlled), None) => {
            serving.replace(Serving::new(controlled.serving.snapshot.clone()));
            let pools = Pools::of_sites(&controlled.serving.snapshot, &client)?;
            let direct = Arc::new(Direct { pools });
            let split = Split { images: Arc::clone(&controlled.renderer), pass_through: Arc::clone(&direct) };
            let asked = Arc::clone(&direct);
            let members: Members = Arc::new(move || asked.pools.report());
            (Arc::clone(&controlled.authority) as Arc<dyn Feed>, Arc::new(split), direct, None, members)
        }
        (None, Some(above)) => {
            let feed = Arc::new(HttpFeed::new(client.clone(), above.urls.clone(), secret.clone()));
            let above = Arc::new(TierAbove {
                pool: Pool::new(client.clone(), nodes_above(above, secret.as_deref())?),
                secret: secret.clone(),
                node: config.node.name.clone(),
            });
            let asked = Arc::clone(&above);
            let members: Members = Arc::new(move || asked.pool.report());
            (Arc::clone(&feed) as Arc<dyn Feed>, Arc::clone(&above) as _, above, Some(feed), members)
        }
        _ => bail!("a node has either the control role or an upstream"),
    };

    let purge_door: Arc<dyn PurgeDoor> = match (&controlled, &http_feed) {
        (Some(controlled), _) => Arc::new(ToControl(Arc::clone(&controlled.purges))),
        (None, Some(feed)) => Arc::new(Upwards(Arc::clone(feed))),
        (None, None) => bail!("a node has either the control role or an upstream"),
    };

    let edge = Arc::new(Edge {
        name: config.node.name.clone(),
        view: Arc::clone(&view),
        serving,
        cache: Arc::clone(&cache),
        upstream,
        pass_on,
        flights: Flights::new(),
        fill_memory: FillMemory::new(config.cache.fill_memory),
        unshareable: Unshareable::default(),
        invalidations: Invalidations::default(),
        feed: Arc::clone(&feed),
        purge_door,
        trust: Trust { secret, loopback: config.cluster.trust_loopback && listening.is_on_loopback()? },
        metrics: Arc::clone(&metrics),
    });

    let (snapshot, snapshot_digest) = watch::channel(None);
    tokio::spawn(bus::follow(Follow {
        node: NodeId { name: config.node.name.clone(), incarnation },
        inherits_from,
        roles: config.node.roles.iter().map(|role| role.to_string()).collect(),
        delivery: Some(format!("http://{}", reachable(delivery))),
        wait: config.cluster.lease / 3,
        view: Arc::clone(&view),
        feed,
        state_file: Some(state_file),
        erase: eraser(&cache),
        snapshot,
    }));
    if let Some(feed) = http_feed {
        tokio::spawn(keep_serving_current(Arc::clone(&edge), feed, snapshot_digest));
    }
    tokio::spawn(sweep(Arc::clone(&cache), Arc::clone(&view)));

    let is_ready = {
        let edge = Arc::clone(&edge);
        Arc::new(move || node_protocol::readiness(&edge))
    };
    let operations = Operations { metrics: metrics_text(&edge, members), ready: Arc::clone(&is_ready) as _ };
    let mut control_address = None;
    if let Some(listener) = control_listener {
        let address = listener.local_addr()?;
        control_address = Some(address);
        let hosts = HostRule::for_listener(address);
        let router = match &controlled {
            Some(controlled) => {
                let token = ApiToken::new(&data.token()?);
                let pages = console::router(ConsoleSettings {
                    purges: Arc::clone(&controlled.purges),
                    estimator: Arc::clone(&controlled.estimator),
                    token: token.clone(),
                    delivery: format!("http://{}", reachable(delivery)).parse()?,
                    demo: start.demo.map(|demo| DemoSource::new(demo.source, demo.base_url)),
                });
                let purges = Arc::clone(&controlled.purges);
                let explainer = Arc::new(AllNodes(controlled.nodes.clone()));
                let tenants = Tenants::new(config.tenants.iter().cloned());
                let issuers = Issuers::new(config.jwts.iter().cloned(), &client);
                let guests = Guests::new(token, controlled.catalog.clone(), tenants, issuers);
                let doors = Doors {
                    purges: Arc::clone(&purges),
                    guests: guests.clone(),
                    warmer: Arc::new(OwnDelivery::start(client.clone(), reachable(delivery))?),
                };
                for (socket, router) in faces::bind_all(&config.faces, &doors).await? {
                    tokio::spawn(listeners::control(router, Arc::clone(&metrics), socket, stop.clone()));
                }
                let receipt_key = Arc::new(data.receipt_key()?);
                let buckets = config.buckets.clone();
                let senders = config.senders.iter().map(|sender| sender.settings.clone());
                let senders = Senders::new(senders, &client);
                let examiner = Arc::clone(&controlled.by_hand) as _;
                let estimator = Arc::clone(&controlled.estimator);
                api::router(
                    Control {
                        purges,
                        estimator,
                        guests,
                        buckets,
                        senders,
                        receipt_key,
                        operations,
                        hosts,
                        explainer,
                        examiner,
                    },
                    pages,
                )
            }
            None => api::operations_router(operations, hosts),
        };
        tokio::spawn(listeners::control(router, Arc::clone(&metrics), listener, stop.clone()));
    }

    let catalog = controlled.as_ref().map(|controlled| controlled.worker.catalog.clone());
    let lost = async {
        match catalog {
            Some(catalog) => catalog.taken_over().await,
            None => std::future::pending().await,
        }
    };
    if let Some(controlled) = controlled {
        for worker in controlled.cdn_workers {
            tokio::spawn(worker.run());
        }
        for _ in 0..PURGE_WORKERS {
            tokio::spawn(Arc::clone(&controlled.worker).run());
        }
        tokio::spawn(tidy(controlled.authority));
    }

    let server = tokio::spawn(listening.run(Arc::clone(&edge), config, Arc::clone(&metrics), stop.clone()));
    let serves = async {
        while is_ready().is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let mut stopped = stop.clone();
    tokio::select! {
        () = serves => ready(&Addresses { delivery, control: control_address }),
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = lost => bail!("another data directory has taken the catalog over: this node ends"),
    }
    server.await?;
    cache.flush().await;
    Ok(())
}

type Parts = (Arc<dyn Feed>, Arc<dyn Upstream>, Arc<dyn PassOn>, Option<Arc<HttpFeed>>, Members);

/// What is known of those whom this node asks.
pub(crate) type Members = Arc<dyn Fn() -> Vec<MemberReport> + Send + Sync>;

/// The control role, and the renderer that lives beside the catalog.
struct Controlled {
    catalog: Catalog,
    authority: Arc<Authority>,
    purges: Arc<Purges>,
    worker: Arc<Worker>,
    by_hand: Arc<ByHand>,
    estimator: Arc<Estimator>,
    nodes: Nodes,
    cdn_workers: Vec<CdnWorker>,
    renderer: Arc<Renderer>,
    serving: Arc<Serving>,
}

async fn control(
    catalog: Catalog,
    config: &Config,
    data: &DataDir,
    view: &Arc<LogView>,
    client: &origin::Client,
    secret: Option<String>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Controlled> {
    let catalog = catalog.shared_by(PURGE_WORKERS);
    // Our lock on the data directory, to which the catalog belongs, proves that no other worker lives.
    catalog.release_all_claims().await?;
    let meta = catalog.meta().await?;
    let tag_key = TagKey::new(meta.tag_key);
    let serving = Arc::new(Serving::new(config.snapshot(tag_key.clone())));
    let digest = serving.snapshot.digest();
    let keeping = Keeping {
        log_records: config.purge.log_records,
        log_age: config.purge.log_retention,
        history_age: config.purge.history_retention,
    };
    let authority = Authority::open(catalog.clone(), meta, config.cluster.lease, keeping, digest).await?;
    let authority = Arc::new(authority);
    let blobs = Arc::new(Blobs::open(data.store(), config.cache.store)?);
    let sources = known_sources(config);
    let selectors = Selectors {
        sources: Arc::new(sources.keys().cloned().collect::<BTreeSet<_>>()),
        serving: Arc::clone(&serving),
        cdns: Arc::new(config.cdns.iter().map(|cdn| (cdn.name.clone(), cdn.terms().sites)).collect()),
    };
    let originals = Arc::new(Originals::new(catalog.clone(), blobs, client.clone(), sources));
    let renderer = Arc::new(rendering::renderer(config, Arc::clone(&originals), metrics).await?);
    let purges = Arc::new(Purges::new(catalog.clone(), Arc::clone(&authority), selectors.clone()));
    let verifier = Arc::new(Verifier {
        catalog: catalog.clone(),
        serving: Arc::clone(&serving),
        renderer: Arc::clone(&renderer) as Arc<dyn Upstream>,
        view: Arc::clone(view),
        client: client.clone(),
    });
    let cdns = config.cdns.iter().map(|cdn| driven(cdn, client)).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<String> = cdns.iter().map(|cdn| cdn.name.clone()).collect();
    let forgotten = catalog.forget_other_cdns(&names, unix_millis()).await?;
    if forgotten > 0 {
        tracing::warn!(forgotten, "CDNs that the configuration no longer has will not be told");
    }
    let worker_of = |cdn: &Arc<Cdn>| CdnWorker::new(Arc::clone(cdn), catalog.clone(), Arc::clone(metrics));
    let cdn_workers = cdns.iter().map(worker_of).collect();
    let by_hand =
        ByHand { verifier: Arc::clone(&verifier), authority: Arc::clone(&authority), cdns: cdns.clone() };
    let nodes = Nodes { authority: Arc::clone(&authority), client: client.clone(), secret };
    let estimator =
        Estimator::new(Arc::clone(&purges), catalog.clone(), selectors.clone(), cdns.clone(), nodes.clone());
    let worker = Arc::new(Worker {
        catalog: catalog.clone(),
        cdns,
        authority: Arc::clone(&authority),
        purges: Arc::clone(&purges),
        originals,
        renderer: Arc::clone(&renderer),
        nodes: nodes.clone(),
        selectors,
        verifier,
        tag_key,
        settings: WorkerSettings {
            looks: config.purge.verify_looks,
            look_interval: config.purge.verify_interval,
            rounds: config.purge.verify_rounds,
            sample: config.purge.verify_sample,
            origin_attempts: config.purge.origin_attempts,
            origin_interval: config.purge.origin_interval,
            warm_time: config.purge.warm_time,
        },
        metrics: Arc::clone(metrics),
        appended: Mutex::default(),
    });
    Ok(Controlled {
        catalog,
        authority,
        purges,
        worker,
        by_hand: Arc::new(by_hand),
        estimator: Arc::new(estimator),
        nodes,
        cdn_workers,
        renderer,
        serving,
    })
}

/// Each field that a CDN reads, once.
fn driven(cdn: &config::Cdn, client: &origin::Client) -> anyhow::Result<Arc<Cdn>> {
    let driver = Driver::new(cdn.vendor, &cdn.settings(), client.clone())
        .with_context(|| format!("[[cdn]] {}", cdn.name))?;
    Ok(Arc::new(Cdn {
        name: cdn.name.clone(),
        driver,
        terms: cdn.terms(),
        window: cdn.window,
        attempts: cdn.attempts,
        has_tags: cdn.tags,
        only_by_name: cdn.only_by_name,
        verify: cdn.verify,
        allow_private: cdn.allow_private,
    }))
}

fn known_sources(config: &Config) -> HashMap<String, KnownSource> {
    let known = config.sources.iter().map(|source| {
        let SourceKind::Http { base_url } = &source.kind;
        let limits = FetchLimits { body_bytes: config.limits.input_bytes, ..pools::limits(&source.patience) };
        let place = origin::Source {
            name: source.name.to_string(),
            base_url: base_url.clone(),
            allow_private: source.allow_private,
            limits,
        };
        let lifetime = Duration::from_secs(u64::from(source.lifetime));
        (source.name.to_string(), KnownSource { source: place, lifetime })
    });
    known.collect()
}

/// Each of them is asked for its own share of the URLs, so that together they hold more.
fn nodes_above(above: &NodesAbove, secret: Option<&str>) -> anyhow::Result<PoolSettings> {
    let mut headers = HeaderMap::new();
    if let Some(secret) = secret {
        let mut secret = HeaderValue::from_str(secret).context("the cluster secret cannot be sent")?;
        secret.set_sensitive(true);
        headers.insert(NODE_KEY, secret);
    }
    let probe = Probe { path: READY_PATH.to_owned(), interval: PROBE_EVERY, expect: 200, headers };
    Ok(PoolSettings {
        members: above.urls.iter().map(|url| (url.clone(), 1)).collect(),
        balance: Balance::ByKey,
        // The operator named these addresses, so they may be anywhere.
        allow_private: true,
        limits: pools::passing_limits(&above.patience),
        places: pools::places(&above.places),
        health: HealthRules::default(),
        // Where there is but one, it is asked in any case.
        probe: (above.urls.len() > 1).then_some(probe),
    })
}

fn cache_settings(config: &Config, data: &DataDir) -> cache::Settings {
    cache::Settings {
        dir: (config.cache.disk > 0).then(|| data.cache()),
        memory_bytes: config.cache.memory,
        disk_bytes: config.cache.disk,
        disk_files: config.cache.disk_files,
        disk_admission: match config.cache.disk_admission {
            DiskAdmission::SecondSight => cache::Admission::SecondSight,
            DiskAdmission::Always => cache::Admission::Always,
        },
        entry_bytes_max: config.cache.entry_max,
    }
}

fn empty(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be emptied", folder.display()))
        }
        _ => Ok(()),
    }
}

/// An address that this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

fn eraser(cache: &Arc<Cache>) -> bus::follow::Erase {
    let cache = Arc::clone(cache);
    Arc::new(move |erasure: Erasure| {
        let cache = Arc::clone(&cache);
        Box::pin(async move {
            if erasure.everything {
                cache.flush().await;
                cache.sweep(move |tags: &Tags, as_of: AsOf| erasure.covers(tags, as_of)).await;
                return Ok(());
            }
            let tags = erasure.tags.clone();
            let own = Tags::new(tags.clone()).map_err(std::io::Error::other)?;
            cache.erase(&tags, move |as_of| erasure.covers(&own, as_of)).await?;
            Ok(())
        })
    })
}

/// Reclaims what fences have made unusable.
async fn sweep(cache: Arc<Cache>, view: Arc<LogView>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let swept = cache.sweep(|tags, as_of| view.is_fenced(tags, as_of)).await;
        if swept.entries > 0 {
            tracing::info!(entries = swept.entries, bytes = swept.bytes, "reclaimed what purges have fenced");
        }
    }
}

async fn tidy(authority: Arc<Authority>) {
    loop {
        if let Err(error) = authority.tidy().await {
            tracing::warn!(%error, "what is old cannot be forgotten");
        }
        tokio::time::sleep(TIDY_EVERY).await;
    }
}

/// Fetches what this node must know whenever the tier above says that it has changed.
async fn keep_serving_current(
    edge: Arc<Edge>,
    feed: Arc<HttpFeed>,
    mut digest: watch::Receiver<Option<String>>,
) {
    let mut current = None;
    while digest.changed().await.is_ok() {
        let told = digest.borrow_and_update().clone();
        if told.is_none() || told == current {
            continue;
        }
        match feed.snapshot().await {
            Ok(snapshot) => {
                current = Some(snapshot.digest());
                edge.serving.replace(Serving::new(snapshot));
                tracing::info!("serving by a new snapshot");
            }
            // With the next answer of the log there is another chance.
            Err(error) => tracing::warn!(%error, "the snapshot cannot be fetched"),
        }
    }
}
