//! API keys: their names, what they may, and the digests of their secrets.

use api_types::Scope;

use crate::audit::note;
use crate::row::row;
use crate::{Action, AuditEntry, Catalog, CatalogError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The part of the key that finds it again.
    pub id: String,
    pub name: String,
    /// Of the whole key, in hex.
    pub digest: String,
    pub scopes: Vec<Scope>,
    pub tenant: Option<String>,
    pub created_ms: u64,
    pub creator: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKeyOutcome {
    Stored,
    NameTaken,
    /// There are as many as there may be.
    Full,
}

row! {
    struct Row {
        id: String,
        name: String,
        digest: String,
        scopes: String,
        tenant: Option<String>,
        created_ms: i64,
        creator: String,
    }
}

const COLUMNS: &str = "id, name, digest, scopes, tenant, created_ms, creator";

impl TryFrom<Row> for ApiKey {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let Row { id, name, digest, scopes, tenant, created_ms, creator } = row;
        let scopes = serde_json::from_str(&scopes)?;
        Ok(Self { id, name, digest, scopes, tenant, created_ms: created_ms.unsigned_abs(), creator })
    }
}

fn entry(action: Action, key: &str, operator: &str, at_ms: u64) -> AuditEntry {
    AuditEntry { at_ms, operator: operator.to_owned(), action, subject: format!("key:{key}"), purge: None }
}

impl Catalog {
    /// Stores a key, unless one of its name stands or there are `most` already.
    pub async fn add_key(&self, key: &ApiKey, most: u32) -> Result<NewKeyOutcome, CatalogError> {
        let mut tx = self.db.write().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM api_key").fetch_one(&mut *tx).await?;
        if count >= i64::from(most) {
            return Ok(NewKeyOutcome::Full);
        }
        let taken: i64 = sqlx::query_scalar("SELECT count(*) FROM api_key WHERE name = $1")
            .bind(&key.name)
            .fetch_one(&mut *tx)
            .await?;
        if taken > 0 {
            return Ok(NewKeyOutcome::NameTaken);
        }
        sqlx::query(
            "INSERT INTO api_key (id, name, digest, scopes, tenant, created_ms, creator) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&key.id)
        .bind(&key.name)
        .bind(&key.digest)
        .bind(serde_json::to_string(&key.scopes)?)
        .bind(&key.tenant)
        .bind(key.created_ms.cast_signed())
        .bind(&key.creator)
        .execute(&mut *tx)
        .await?;
        note(&mut tx, &entry(Action::CreateKey, &key.name, &key.creator, key.created_ms)).await?;
        tx.commit().await?;
        Ok(NewKeyOutcome::Stored)
    }

    pub async fn key(&self, id: &str) -> Result<Option<ApiKey>, CatalogError> {
        let row: Option<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM api_key WHERE id = $1")))
                .bind(id)
                .fetch_optional(&self.db.reader)
                .await?;
        row.map(ApiKey::try_from).transpose()
    }

    /// All of them, by name.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, CatalogError> {
        let rows: Vec<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM api_key ORDER BY name")))
                .fetch_all(&self.db.reader)
                .await?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    /// From the end of this call on the key opens nothing. False if there is none of that name.
    pub async fn revoke_key(&self, name: &str, operator: &str, now_ms: u64) -> Result<bool, CatalogError> {
        let mut tx = self.db.write().await?;
        let gone = sqlx::query("DELETE FROM api_key WHERE name = $1").bind(name).execute(&mut *tx).await?;
        if gone.rows_affected() == 0 {
            return Ok(false);
        }
        note(&mut tx, &entry(Action::RevokeKey, name, operator, now_ms)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stage::stories;

    fn key(name: &str) -> ApiKey {
        ApiKey {
            id: format!("id-of-{name}"),
            name: name.to_owned(),
            digest: "d".to_owned(),
            scopes: vec![Scope::Read, Scope::Write],
            tenant: Some("shop".to_owned()),
            created_ms: 7,
            creator: "api".to_owned(),
        }
    }

    stories! {
        async fn a_key_is_found_until_it_is_revoked_and_the_audit_has_both(stage: &Stage) {
            let catalog = stage.catalog().await;
            assert_eq!(catalog.add_key(&key("deploy"), 2).await.unwrap(), NewKeyOutcome::Stored);
            assert_eq!(catalog.add_key(&key("deploy"), 2).await.unwrap(), NewKeyOutcome::NameTaken);
            assert_eq!(catalog.add_key(&key("other"), 2).await.unwrap(), NewKeyOutcome::Stored);
            assert_eq!(catalog.add_key(&key("third"), 2).await.unwrap(), NewKeyOutcome::Full);
            assert_eq!(catalog.key("id-of-deploy").await.unwrap(), Some(key("deploy")));
            assert_eq!(catalog.keys().await.unwrap(), [key("deploy"), key("other")]);

            assert!(catalog.revoke_key("deploy", "api", 8).await.unwrap());
            assert!(!catalog.revoke_key("deploy", "api", 9).await.unwrap());
            assert_eq!(catalog.key("id-of-deploy").await.unwrap(), None);
            let told = catalog.audit(10).await.unwrap().into_iter().map(|entry| (entry.action, entry.subject));
            let told: Vec<_> = told.collect();
            let expected = [
                (Action::RevokeKey, "key:deploy".to_owned()),
                (Action::CreateKey, "key:other".to_owned()),
                (Action::CreateKey, "key:deploy".to_owned()),
            ];
            assert_eq!(told, expected);
        }
    }
}
