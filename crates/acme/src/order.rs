//! One certificate for one host.

use std::io;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};

use crate::challenges::Challenges;
use crate::client::{AuthorityClient, NoClient};
use crate::keeper::Settings;

/// For the authority to look, and then to sign.
const PATIENCE: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(250)).timeout(Duration::from_secs(90));

#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error(transparent)]
    Client(#[from] NoClient),
    #[error("{}", chain(.0))]
    Protocol(#[from] instant_acme::Error),
    #[error("the authority offers no http-01 challenge for it")]
    NoChallenge,
    #[error("the authority could not convince itself: {0}")]
    Unconvinced(String),
    #[error("what came of it cannot be kept: {0}")]
    Keep(#[from] io::Error),
}

/// The account that is kept, or a new one.
pub(crate) async fn account(settings: &Settings) -> Result<Account, OrderError> {
    let client = || AuthorityClient::new(settings.directory_root.as_deref()).map(Box::new);
    let directory = &settings.directory;
    if let Some(credentials) = settings.store.account(directory) {
        return Ok(Account::builder_with_http(client()?).from_credentials(credentials).await?);
    }
    let contact: Vec<&str> = settings.contact.iter().map(String::as_str).collect();
    let wanted = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let made = Account::builder_with_http(client()?).create(&wanted, directory.clone(), None).await?;
    let (account, credentials) = made;
    settings.store.keep_account(directory, &credentials)?;
    Ok(account)
}

/// Orders a certificate, answers what is asked, and keeps what comes.
pub(crate) async fn order(
    settings: &Settings,
    challenges: &Challenges,
    host: &str,
) -> Result<(), OrderError> {
    let account = account(settings).await?;
    let mut order = account.new_order(&NewOrder::new(&[Identifier::Dns(host.to_owned())])).await?;
    let mut expected = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = authorization.challenge(ChallengeType::Http01).ok_or(OrderError::NoChallenge)?;
        expected.push(challenges.expect(&challenge.token, challenge.key_authorization().as_str()));
        challenge.set_ready().await?;
    }
    if order.poll_ready(&PATIENCE).await? != OrderStatus::Ready {
        return Err(OrderError::Unconvinced(reason(&mut order).await));
    }
    drop(expected);
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&PATIENCE).await?;
    settings.store.keep_certificate(host, &key, &chain)?;
    Ok(())
}

/// Why an order was refused: the authority says it of the challenge.
async fn reason(order: &mut instant_acme::Order) -> String {
    let mut authorizations = order.authorizations();
    while let Some(Ok(authorization)) = authorizations.next().await {
        let problem = authorization.challenges.iter().find_map(|challenge| challenge.error.as_ref());
        if let Some(problem) = problem {
            return problem.to_string();
        }
    }
    "it does not say why".to_owned()
}

/// An error with its causes: the library's own words end before the network's begin.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
