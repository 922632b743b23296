//! `pentimento invalidate-and-verify URL --via CDN`

use std::process::ExitCode;

use crate::command::control::ControlAddress;
use crate::command::purge::purge;
use crate::command::verify::exit_code;
use api_types::{PurgeRequest, PurgeView, Selector, Verdict};

/// Ends with 0 if each URL is another than before, 1 if one is not or the CDN could not be told, 3 if that cannot be told,
/// 2 if it was not begun.
pub async fn run(urls: Vec<String>, cdn: &str, wait: bool, control: ControlAddress) -> ExitCode {
    let selectors = urls.into_iter().map(|url| Selector::External { cdn: cdn.to_owned(), url }).collect();
    let request = PurgeRequest { selectors, urgent: true, ..PurgeRequest::default() };
    match purge(&request, wait, control).await {
        Ok(view) if !wait => {
            println!("it goes on without us: GET /v1/purges/{}", view.id);
            ExitCode::SUCCESS
        }
        Ok(view) if !view.state.succeeded() => ExitCode::FAILURE,
        Ok(view) => exit_code(verdict(&view)),
        Err(error) => {
            eprintln!("pentimento: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Of each URL the last look counts.
fn verdict(view: &PurgeView) -> Verdict {
    let looks = &view.receipt.looks;
    let last = looks.len().saturating_sub(view.receipt.externals.len());
    let mut last = looks[last..].iter();
    match last.len() > 0 && last.all(|look| look.verdict == Verdict::Verified) {
        true => Verdict::Verified,
        false => Verdict::Unverifiable,
    }
}
