//! The migrations in twins, and who may run on what: a database names the oldest heyan that can work with it.

use sqlx::migrate::{Migrate, Migration, MigrationType, Migrator};
use sqlx::{ColumnIndex, Connection, Decode, Executor, FromRow, IntoArguments, SqlSafeStr, Type};

use super::StoreError;

/// One step of the schema, as both engines write it. Steps only add, so that two neighbouring versions run side by side.
struct Twin {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! twins {
    ($($number:literal $name:literal $file:literal),*) => {
        &[$(Twin {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }),*]
    };
}

const TWINS: &[Twin] = twins![
    1 "init" "0001_init.sql",
    2 "webhooks" "0002_webhooks.sql",
    3 "audit" "0003_audit.sql",
    4 "staff" "0004_staff.sql",
    5 "sms" "0005_sms.sql",
    6 "provider" "0006_provider.sql",
    7 "phones and doubts" "0007_phones_and_doubts.sql"
];

/// The engines that a migration is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, the default.
    Sqlite,
    /// A server, for several instances.
    Postgres,
}

fn migrator(engine: Engine) -> Migrator {
    let step = |twin: &Twin| {
        let sql = match engine {
            Engine::Sqlite => twin.sqlite,
            Engine::Postgres => twin.postgres,
        };
        Migration::new(
            twin.number,
            twin.name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    let mut migrator = Migrator::with_migrations(TWINS.iter().map(step).collect());
    // a newer neighbour may have gone further already; `oldest_version` says whether we can live with that
    migrator.set_ignore_missing(true);
    migrator
}

/// Brings the schema up to date, unless it wants a newer heyan.
pub(super) async fn migrate<C>(engine: Engine, connection: &mut C) -> Result<(), StoreError>
where
    C: Connection + Migrate,
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
    (String,): for<'r> FromRow<'r, <C::Database as sqlx::Database>::Row>,
    <C::Database as sqlx::Database>::Arguments: IntoArguments<C::Database>,
{
    let wanted: Result<Option<(String,)>, sqlx::Error> =
        sqlx::query_as("SELECT value FROM meta WHERE key = 'oldest_version'")
            .fetch_optional(&mut *connection)
            .await;
    match wanted {
        Ok(Some((wanted,))) => admit(&wanted)?,
        Ok(None) => return Err(StoreError::Corrupt("meta names no oldest_version".into())),
        // no such table: a fresh database. Whatever else it is, the migrator meets it again
        Err(sqlx::Error::Database(_)) => {}
        Err(error) => return Err(error.into()),
    }
    migrator(engine).run_direct(None, connection, false).await?;
    Ok(())
}

/// Whether each of our migrations has been applied.
pub(super) async fn is_up_to_date<'c, E>(executor: E) -> Result<bool, StoreError>
where
    E: Executor<'c>,
    (i64,): for<'r> FromRow<'r, <E::Database as sqlx::Database>::Row>,
    usize: ColumnIndex<<E::Database as sqlx::Database>::Row>,
    for<'r> i64: Decode<'r, E::Database> + Type<E::Database>,
    <E::Database as sqlx::Database>::Arguments: IntoArguments<E::Database>,
{
    let applied: Vec<(i64,)> = sqlx::query_as("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(executor)
        .await?;
    Ok(TWINS.iter().all(|twin| applied.contains(&(twin.number,))))
}

/// Whether a file is a database of ours that this program can run on.
pub(super) async fn admit_backup(
    file: &mut sqlx::SqliteConnection,
    path: &std::path::Path,
) -> Result<(), StoreError> {
    let wanted: Result<Option<(String,)>, _> =
        sqlx::query_as("SELECT value FROM meta WHERE key = 'oldest_version'")
            .fetch_optional(file)
            .await;
    match wanted {
        Ok(Some((wanted,))) => admit(&wanted),
        _ => Err(StoreError::Damaged(format!(
            "{} is no backup of heyan",
            path.display()
        ))),
    }
}

fn admit(wanted: &str) -> Result<(), StoreError> {
    let have = env!("CARGO_PKG_VERSION");
    if version(wanted) > version(have) {
        return Err(StoreError::NewerSchema {
            wants: wanted.into(),
            have: have.into(),
        });
    }
    Ok(())
}

/// `1.2.3` as numbers, so that 0.10 is newer than 0.9.
fn version(text: &str) -> Vec<u64> {
    text.split('.')
        .map(|part| part.parse().unwrap_or(u64::MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_program_is_refused() {
        assert!(admit("0.0.9").is_ok());
        assert!(admit(env!("CARGO_PKG_VERSION")).is_ok());
        assert!(matches!(
            admit("999.0.0"),
            Err(StoreError::NewerSchema { .. })
        ));
        assert!(version("0.10.0") > version("0.9.9"));
    }

    #[test]
    fn migrations_are_numbered_in_order() {
        let numbers: Vec<i64> = TWINS.iter().map(|twin| twin.number).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    }
}
