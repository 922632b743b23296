//! What a change of the catalog ends with: the purge that announces it, accepted in the same transaction.

use crate::database::Tx;
use crate::purges::insert_purge;
use crate::{Catalog, CatalogError, NewPurge};

impl Catalog {
    pub(crate) async fn announce(
        &self,
        mut tx: Tx<'_>,
        purge: &NewPurge,
        now_ms: u64,
    ) -> Result<(), CatalogError> {
        insert_purge(&mut tx, purge, now_ms).await?;
        tx.commit().await?;
        self.accepted.notify_one();
        Ok(())
    }

    /// Where so many rows went. Without any there is nothing to announce, and it says false.
    pub(crate) async fn announce_loss(
        &self,
        tx: Tx<'_>,
        rows: u64,
        purge: &NewPurge,
        now_ms: u64,
    ) -> Result<bool, CatalogError> {
        if rows > 0 {
            self.announce(tx, purge, now_ms).await?;
        }
        Ok(rows > 0)
    }
}
