//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use api_types::{KeyRequest, PurgeRequest, Scope};
use cdn::VendorName;
use cdn::fake::Temper;
use clap::{Args, Parser, Subcommand};
use pentimento::command::{self, ControlAddress};
use pentimento::config::{Overrides, Role};
use purge_protocol::Mode;
use url::Url;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A self-hosted image CDN in which a replaced picture is gone everywhere, and you can prove it.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Process,
}

#[derive(Subcommand)]
enum Process {
    /// Make derivatives for the process that started this one, and be able to do nothing else
    #[command(hide = true)]
    RenderWorker {
        /// The bytes that may be allocated
        memory: u64,
    },
    #[command(flatten)]
    Command(Box<Command>),
}

#[derive(Subcommand)]
enum Command {
    /// Run a node; without a configuration: all roles, on loopback
    Run {
        #[command(flatten)]
        args: RunArgs,
        /// Take the catalog on a server over from the data directory that has it, which is gone for good
        #[arg(long)]
        adopt_catalog: bool,
    },
    /// Run a node with a source of its own pictures, to try everything out
    Demo {
        /// Where the demo keeps everything
        #[arg(long, default_value = "./demo-data")]
        data: PathBuf,
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        #[arg(long, default_value = "127.0.0.1:8081")]
        control_listen: SocketAddr,
        /// Where the demo source listens
        #[arg(long, default_value = "127.0.0.1:9000")]
        source_listen: SocketAddr,
    },
    /// Serve the demo pictures as a web folder that can change them
    DemoSource {
        #[arg(long)]
        dir: PathBuf,
        #[arg(long, default_value = "127.0.0.1:9000")]
        listen: SocketAddr,
        /// Divide the pictures' sides by this, for those who cannot wait
        #[arg(long, default_value_t = 1)]
        shrink: u16,
        /// End when standard input ends, as it does when the process that started this one is gone
        #[arg(long, hide = true)]
        until_stdin_closes: bool,
    },
    /// Purge an original (source/path), or whatever the selector options name
    Purge {
        #[command(flatten)]
        selectors: command::purge::Selectors,
        #[arg(long, default_value = "hard")]
        mode: Mode,
        /// Fence also what has not changed at its source
        #[arg(long)]
        force: bool,
        /// With --mode erase: the reason in law, told to whoever asks (451 instead of 410)
        #[arg(long)]
        reason: Option<String>,
        /// Tell other people's CDNs at once, whatever their windows
        #[arg(long)]
        urgent: bool,
        /// When it is to begin, in Unix milliseconds; without it, now
        #[arg(long)]
        at: Option<u64>,
        /// Show it live; end with 0 only when it is done or unchanged
        #[arg(long)]
        wait: bool,
        /// Make so many of the derivatives that are asked for most from the new version before it becomes current
        #[arg(long, default_value_t = 0)]
        warm: u32,
        /// Purge nothing, and show what it would come to
        #[arg(long, conflicts_with = "wait")]
        dry_run: bool,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// List purges, take one back, or try one again that failed
    Purges {
        #[command(subcommand)]
        command: Option<PurgesCommand>,
        /// received, done, error …; several separated by commas
        #[arg(long)]
        state: Option<String>,
        #[arg(long)]
        tenant: Option<String>,
        /// What a selector names, as in demo/cat.jpg
        #[arg(long)]
        subject: Option<String>,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// Get the signed receipt of a purge, or check one
    Receipt {
        #[command(subcommand)]
        command: ReceiptCommand,
    },
    /// List what was erased, or let it be fetched again
    Erasures {
        #[command(subcommand)]
        command: Option<ErasuresCommand>,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// List API keys, make one, or revoke one
    Keys {
        #[command(subcommand)]
        command: Option<KeysCommand>,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// List what operators did that no purge shows, and what others were refused
    Audit {
        #[command(flatten)]
        control: ControlArgs,
    },
    /// List the nodes that follow the purge log, or declare one gone
    Nodes {
        #[command(subcommand)]
        command: Option<NodesCommand>,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// Explain what each node would answer for a URL now, and why
    Why {
        /// As a client asks for it: 'https://img.example.com/demo/cat.jpg?w=300'
        url: String,
        /// A request field that may choose among representations: 'accept: image/avif'
        #[arg(long)]
        field: Vec<String>,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// Look at a picture's URL through every node and at its public addresses, and compare with what must be there
    ///
    /// Ends with 0 if that is there, 1 if something old is, 3 if nothing can be told, 2 if nobody could be asked.
    Verify {
        /// As a client asks for it: 'https://img.example.com/demo/cat.jpg?w=300'
        url: String,
        /// What the client takes: 'image/avif'
        #[arg(long)]
        accept: Option<String>,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// Tell a CDN that a URL which is not ours is old, and look until it is another
    ///
    /// Ends with 0 if it is, 1 if it stays or the CDN cannot be told, 3 if nothing tells it from before, 2 if it was not
    /// begun. It goes on in the node, whatever becomes of this command.
    InvalidateAndVerify {
        /// As its clients ask for it: 'https://token.cloudimg.io/example.com/cat.jpg'; up to ten
        #[arg(required = true)]
        url: Vec<String>,
        /// The CDN's name in the configuration
        #[arg(long)]
        via: String,
        /// Only begin it
        #[arg(long)]
        no_wait: bool,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// Play a CDN vendor's API, as strict as documented, to rehearse with: it purges nothing
    FakeCdn {
        /// cloudfront, fastly, cloudflare, …
        vendor: VendorName,
        #[arg(long, default_value = "127.0.0.1:9100")]
        listen: SocketAddr,
        /// How long each answer takes, in milliseconds
        #[arg(long, default_value_t = 0)]
        latency: u64,
        /// How long a call takes from its acceptance to its completion, in milliseconds
        #[arg(long, default_value_t = 2000)]
        completion: u64,
        /// Take so many calls and do nothing about them (cloudimage, which also serves pictures)
        #[arg(long, default_value_t = 0)]
        stale: u32,
        /// Answer everything with this status, as on a bad day
        #[arg(long)]
        answer: Option<http::StatusCode>,
    },
    /// Print the API token of a data directory
    Token {
        #[arg(long, default_value = "./pentimento-data")]
        data: PathBuf,
    },
    /// Check a configuration and print the resolved whole
    CheckConfig(RunArgs),
    /// Sign the path and query of a picture's URL with a key of the configuration
    Sign {
        /// As in '/demo/cat.jpg?w=300'
        url: String,
        /// The key's id
        #[arg(long)]
        key: String,
        /// Seconds from now until it expires
        #[arg(long)]
        expires: Option<u64>,
        #[arg(long)]
        config: Option<PathBuf>,
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum ErasuresCommand {
    /// Let an erased original (source/path) be fetched again
    Lift { original: String },
}

#[derive(Subcommand)]
enum NodesCommand {
    /// Declare a node gone for good: no purge waits for it any more
    Forget { name: String },
}

#[derive(Subcommand)]
enum PurgesCommand {
    /// Take a purge back that has not begun
    Cancel { id: String },
    /// Ask once more for what a purge that failed was to do
    Retry { id: String },
}

#[derive(Subcommand)]
enum ReceiptCommand {
    /// Print the receipt of a purge that has ended
    Get {
        id: String,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// Check a receipt in a file, and print the purge that it is about
    Verify {
        file: PathBuf,
        /// The public keys, as a JWK set in a file; without it, the control listener is asked for them
        #[arg(long)]
        keys: Option<PathBuf>,
        /// The control listener
        #[arg(long, default_value = "http://127.0.0.1:8081", env = "PENTIMENTO_CONTROL")]
        control: Url,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Make a key and print it, this once
    Create {
        /// Stands with what it does, in purges and in the audit
        name: String,
        /// purge:read, purge:write, purge:all, purge:erase, preset:write; several separated by commas
        #[arg(long, value_delimiter = ',', required = true)]
        scope: Vec<Scope>,
        /// Whose sources and hosts it reaches; without one, everything
        #[arg(long)]
        tenant: Option<String>,
    },
    /// From now on it opens nothing
    Revoke { name: String },
}

#[derive(Args)]
struct RunArgs {
    #[arg(long)]
    config: Option<PathBuf>,
    #[arg(long)]
    data: Option<PathBuf>,
    #[arg(long)]
    listen: Option<SocketAddr>,
    #[arg(long)]
    control_listen: Option<SocketAddr>,
    /// edge, shield, renderer, control; several separated by commas
    #[arg(long, value_delimiter = ',')]
    role: Option<Vec<Role>>,
    /// The tier above, for a node that is not alone
    #[arg(long)]
    upstream: Option<String>,
    /// The node's name, unique in its cluster
    #[arg(long)]
    node: Option<String>,
}

#[derive(Args)]
struct ControlArgs {
    /// The control listener
    #[arg(long, default_value = "http://127.0.0.1:8081", env = "PENTIMENTO_CONTROL", global = true)]
    control: Url,
    /// Where to read the API token, when none is given
    #[arg(long, default_value = "./pentimento-data", global = true)]
    data: PathBuf,
    #[arg(long, env = "PENTIMENTO_TOKEN", hide_env_values = true, global = true)]
    token: Option<String>,
}

impl From<RunArgs> for (Option<PathBuf>, Overrides) {
    fn from(args: RunArgs) -> Self {
        let overrides = Overrides {
            data: args.data,
            listen: args.listen,
            control_listen: args.control_listen,
            roles: args.role,
            upstream: args.upstream,
            node: args.node,
        };
        (args.config, overrides)
    }
}

impl From<ControlArgs> for ControlAddress {
    fn from(args: ControlArgs) -> Self {
        ControlAddress { url: args.control, data: args.data, token: args.token }
    }
}

fn main() -> ExitCode {
    let command = match CommandLine::parse().command {
        // Before there are other threads, which would keep what a worker gives up.
        Process::RenderWorker { memory } => return render_worker::serve(memory, transform::compose_with),
        Process::Command(command) => *command,
    };
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(carry_out(command)),
        Err(error) => {
            eprintln!("pentimento: no threads can be started: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(command: Command) -> ExitCode {
    let ended = match command {
        Command::Run { args, adopt_catalog } => {
            let (config, overrides) = args.into();
            command::run::run(config.as_deref(), overrides, adopt_catalog).await
        }
        Command::Demo { data, listen, control_listen, source_listen } => {
            command::demo::run(&data, listen, control_listen, source_listen).await
        }
        Command::DemoSource { dir, listen, shrink, until_stdin_closes } => {
            command::demo_source::run(dir, listen, shrink, until_stdin_closes).await
        }
        Command::Purge { selectors, mode, force, reason, urgent, at, wait, warm, dry_run, control } => {
            let request =
                PurgeRequest { selectors: Vec::new(), mode, force, reason, urgent, at, warm, dry_run };
            return command::purge::run(selectors, request, wait, control.into()).await;
        }
        Command::Purges { command: None, state, tenant, subject, control } => {
            command::purges::list(state, tenant, subject, control.into()).await
        }
        Command::Purges { command: Some(PurgesCommand::Cancel { id }), control, .. } => {
            command::purges::cancel(&id, control.into()).await
        }
        Command::Purges { command: Some(PurgesCommand::Retry { id }), control, .. } => {
            command::purges::retry(&id, control.into()).await
        }
        Command::Receipt { command: ReceiptCommand::Get { id, control } } => {
            command::receipt::get(&id, control.into()).await
        }
        Command::Receipt { command: ReceiptCommand::Verify { file, keys, control } } => {
            command::receipt::verify(&file, keys.as_deref(), &control).await
        }
        Command::Erasures { command: None, control } => command::erasures::list(control.into()).await,
        Command::Erasures { command: Some(ErasuresCommand::Lift { original }), control } => {
            command::erasures::lift(&original, control.into()).await
        }
        Command::Keys { command: None, control } => command::keys::list(control.into()).await,
        Command::Keys { command: Some(KeysCommand::Create { name, scope, tenant }), control } => {
            command::keys::create(KeyRequest { name, scopes: scope, tenant }, control.into()).await
        }
        Command::Keys { command: Some(KeysCommand::Revoke { name }), control } => {
            command::keys::revoke(&name, control.into()).await
        }
        Command::Audit { control } => command::erasures::audit(control.into()).await,
        Command::Nodes { command: None, control } => command::nodes::list(control.into()).await,
        Command::Nodes { command: Some(NodesCommand::Forget { name }), control } => {
            command::nodes::forget(&name, control.into()).await
        }
        Command::Why { url, field, control } => command::why::run(&url, &field, control.into()).await,
        Command::Verify { url, accept, control } => {
            return command::verify::run(url, accept, control.into()).await;
        }
        Command::InvalidateAndVerify { url, via, no_wait, control } => {
            return command::invalidate_and_verify::run(url, &via, !no_wait, control.into()).await;
        }
        Command::FakeCdn { vendor, listen, latency, completion, stale, answer } => {
            let millis = Duration::from_millis;
            let temper = Temper {
                latency: millis(latency),
                completes_after: millis(completion),
                deaf_to: stale,
                answers: answer,
            };
            command::fake_cdn::run(vendor, listen, temper).await
        }
        Command::Token { data } => command::token::run(&data),
        Command::CheckConfig(args) => {
            let (config, overrides) = args.into();
            command::check_config::run(config.as_deref(), overrides)
        }
        Command::Sign { url, key, expires, config, data } => {
            command::sign::run(&url, &key, expires, config.as_deref(), data)
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pentimento: {error:#}");
            ExitCode::FAILURE
        }
    }
}
