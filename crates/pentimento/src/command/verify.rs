//! `pentimento verify URL`

use std::process::ExitCode;

use api_types::{Verdict, Verification, VerifyRequest};

use crate::command::control::{ControlAddress, ControlClient};
use crate::command::purge::{in_words, looked};

/// Ends with 0 if it is verified, 1 if something is stale, 3 if nothing could be told, 2 if nobody could be asked.
pub async fn run(url: String, accept: Option<String>, control: ControlAddress) -> ExitCode {
    match ask(&VerifyRequest { url, accept }, control).await {
        Ok(found) => {
            for look in &found.looks {
                println!("{}", looked(look));
            }
            println!("{}: {}", found.url, in_words(found.verdict));
            exit_code(found.verdict)
        }
        Err(error) => {
            eprintln!("pentimento: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn ask(question: &VerifyRequest, control: ControlAddress) -> anyhow::Result<Verification> {
    ControlClient::new(control)?.post("/v1/verify", serde_json::to_vec(question)?).await
}

pub(super) fn exit_code(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Verified => ExitCode::SUCCESS,
        Verdict::Stale => ExitCode::FAILURE,
        Verdict::Unverifiable => ExitCode::from(3),
    }
}
