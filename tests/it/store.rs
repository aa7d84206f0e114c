//! The store, statement by statement, on both engines.

mod commit;
mod faults;
mod plans;
mod schema;
mod staff;
mod tables;
mod work;

use chrono::{DateTime, TimeDelta, Utc};
use heyan::{
    domain::{
        ids::{MessageId, ProviderId, RequestId, VerificationId},
        province::Province,
        words::{EventType, FilingKind, MessageKind, RequestState, VerificationState},
    },
    store::{
        Db, Json, Options, Tx,
        events::{self, NewEvent},
        filing_requests::{self, RequestRow},
        outbox::{self, NewMessage},
        providers::{self, ProviderRow},
        verifications::{self, VerificationRow},
    },
};

use crate::pg;

/// A fresh database, gone with the value.
pub struct Scratch {
    pub db: Db,
    pub url: String,
    /// The folder of the SQLite file.
    pub folder: Option<tempfile::TempDir>,
    _server: Option<pg::Database>,
}

impl Scratch {
    /// Of a database that is open already.
    pub fn around(
        db: Db,
        url: String,
        folder: Option<tempfile::TempDir>,
        server: Option<pg::Database>,
    ) -> Self {
        Self {
            db,
            url,
            folder,
            _server: server,
        }
    }

    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self {
            db: Db::open(&url, Options::default()).await.unwrap(),
            url,
            folder: Some(folder),
            _server: None,
        }
    }

    pub async fn postgres() -> Self {
        let server = pg::Database::new().await;
        let db = Db::open(&server.url, Options::default()).await.unwrap();
        Self {
            db,
            url: server.url.clone(),
            folder: None,
            _server: Some(server),
        }
    }
}

/// Makes two tests of each function: `NAME::sqlite` and `NAME::postgres`.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident) $body:block)*) => { $(
        $(#[$meta])*
        async fn $name($db: &heyan::store::Db) $body
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(&crate::store::Scratch::sqlite().await.db).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(&crate::store::Scratch::postgres().await.db).await;
            }
        }
    )* };
}
pub(crate) use on_both;

/// So many milliseconds after an instant of 2018; .5 s, so that fractions are stored too.
pub fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_536_541_200_500).unwrap() + TimeDelta::milliseconds(millis)
}

pub fn request_id(n: u8) -> RequestId {
    RequestId::new(at(i64::from(n)), [n; 10])
}

pub fn verification_id(n: u8) -> VerificationId {
    VerificationId::new(at(i64::from(n)), [n; 10])
}

pub fn message_id(n: u8) -> MessageId {
    MessageId::new(at(i64::from(n)), [n; 10])
}

pub fn provider(n: u8) -> ProviderRow {
    ProviderRow {
        id: ProviderId::new(at(i64::from(n)), [n; 10]),
        name: format!("provider {n}"),
        webhook_url: None,
        created_at: at(0),
        revoked_at: None,
        webhook_disabled_at: None,
    }
}

pub fn request(n: u8, provider: &ProviderRow) -> RequestRow {
    RequestRow {
        id: request_id(n),
        provider_id: provider.id,
        province: Province::Gansu,
        kind: FilingKind::NewFiling,
        provider_reference: Some(format!("ORDER-{}", n % 3)),
        resubmits: None,
        state: RequestState::Verifying,
        return_reason: None,
        return_detail: None,
        policy: Some(r#"{"name":"pilot-1"}"#.into()),
        one_pass: false,
        submitted_at: at(i64::from(n)),
        started_at: Some(at(i64::from(n))),
        ended_at: None,
        handed_over_at: None,
        version: 1,
        purged_at: None,
    }
}

pub fn verification(n: u8, request: &RequestRow, ordinal: i64) -> VerificationRow {
    VerificationRow {
        id: verification_id(n),
        request_id: request.id,
        ordinal,
        province: request.province,
        phone_hash: Some(vec![n; 32]),
        phone_key: "k1".into(),
        tail_hash: Some(vec![n ^ 0xff; 32]),
        tail_key: "k1".into(),
        link_hash: Some(vec![n ^ 0x55; 32]),
        link_key: Some("k1".into()),
        person: Some(vec![1, n]),
        principals: Json(vec![
            "/subject/principal".into(),
            format!("/sites/{n}/principal"),
        ]),
        state: VerificationState::Pending,
        wrong_tries: 0,
        manual_resends: 0,
        first_sent_at: None,
        expires_at: at(1000 + i64::from(n)),
        noon_at: None,
        verified_at: None,
        ended_at: None,
    }
}

pub fn message(n: u8, verification: &VerificationRow) -> NewMessage<'static> {
    NewMessage {
        id: message_id(n),
        verification_id: verification.id,
        request_id: verification.request_id,
        kind: MessageKind::First,
        queued_at: at(0),
        next_attempt_at: at(i64::from(n)),
        sealed: b"sealed message",
    }
}

/// Appends an event of a request, with a seal that is none; its number.
pub async fn log(
    tx: &mut Tx,
    request: RequestId,
    verification: Option<VerificationId>,
    at: DateTime<Utc>,
    what: EventType,
    actor: &str,
    data: &serde_json::Value,
) -> i64 {
    let new = NewEvent {
        request_id: Some(request),
        verification_id: verification,
        staff_id: None,
        at,
        r#type: what.as_str(),
        actor,
        data: &data.to_string(),
        key_id: "k1",
        seal: &[7; 40],
    };
    events::insert(tx, new).await.unwrap()
}

/// A provider, a request of its, two verifications of it with a message each: what most tests begin with.
pub async fn one_filing(tx: &mut Tx) -> (ProviderRow, RequestRow, [VerificationRow; 2]) {
    let provider = provider(1);
    assert!(providers::insert(tx, &provider).await.unwrap());
    let request = request(1, &provider);
    assert!(
        filing_requests::insert(tx, &request, b"sealed content")
            .await
            .unwrap()
    );
    let verifications = [verification(1, &request, 0), verification(2, &request, 1)];
    for (n, row) in (1..).zip(&verifications) {
        verifications::insert(tx, row).await.unwrap();
        outbox::insert(tx, &message(n, row)).await.unwrap();
    }
    (provider, request, verifications)
}
