//! What `heyan demo` begins with.

use secrecy::SecretString;

use super::{
    super::{Result, Services, providers},
    filed,
    people::Cast,
    scenarios,
};
use crate::{domain::province::Province, store::filing_requests};

/// What a visitor of the demo is told.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Of the provider `demo`, the same at every start and after a reset.
    pub api_key: SecretString,
}

/// Makes sure of the provider `demo`; where nothing has been filed yet, files for 甘肃 under the policy of the day.
///
/// # Errors
/// What the database says.
pub async fn seed_demo(services: &Services) -> Result<Demo> {
    let api_key = providers::demo(services).await?;
    let mut tx = services.db.read().await?;
    let is_empty = filing_requests::newest(&mut tx, 1).await?.is_empty();
    drop(tx);
    if is_empty {
        let provider = filed::demo_provider(services).await?;
        let draft = scenarios::first_filing(Province::Gansu, Cast(&services.random));
        filed::submit(services, provider, draft).await?;
    }
    Ok(Demo { api_key })
}
