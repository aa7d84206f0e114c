//! What holds of any database at any instant between two transactions, whatever happened before.

use heyan::store::{Engine, Tx};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::world::World;

/// Each statement finds what must not be.
const NEVER: &[(&str, &str)] = &[
    (
        "a request ends once, with one event, and says when",
        "SELECT COUNT(*) FROM filing_requests r WHERE \
            (CASE WHEN r.state IN ('handed_over', 'returned', 'withdrawn') THEN 1 ELSE 0 END) <> \
            (SELECT COUNT(*) FROM events e WHERE e.request_id = r.id AND e.type IN \
            ('filing_request.handed_over', 'filing_request.returned', 'filing_request.withdrawn')) \
            OR (r.ended_at IS NULL) <> (r.state IN ('awaiting_phone_review', 'verifying'))",
    ),
    (
        "the event is that of the state",
        "SELECT COUNT(*) FROM filing_requests r WHERE r.state IN ('handed_over', 'returned', 'withdrawn') \
            AND NOT EXISTS (SELECT 1 FROM events e WHERE e.request_id = r.id AND e.type = 'filing_request.' || r.state)",
    ),
    (
        "nobody waits in a request that has ended",
        "SELECT COUNT(*) FROM verifications v JOIN filing_requests r ON r.id = v.request_id \
            WHERE v.state = 'pending' AND r.state <> 'verifying'",
    ),
    (
        "somebody waits in a request that verifies",
        "SELECT COUNT(*) FROM filing_requests r WHERE r.state = 'verifying' AND NOT EXISTS \
            (SELECT 1 FROM verifications v WHERE v.request_id = r.id AND v.state = 'pending')",
    ),
    (
        "all have passed in what was handed over (where one is not enough)",
        "SELECT COUNT(*) FROM verifications v JOIN filing_requests r ON r.id = v.request_id \
            WHERE r.state = 'handed_over' AND NOT r.one_pass AND v.state <> 'verified'",
    ),
    (
        "verified once, with one event",
        "SELECT COUNT(*) FROM verifications v WHERE (CASE WHEN v.state = 'verified' THEN 1 ELSE 0 END) <> \
            (SELECT COUNT(*) FROM events e WHERE e.verification_id = v.id AND e.type = 'verification.verified') \
            OR (v.state = 'verified') <> (v.verified_at IS NOT NULL)",
    ),
    (
        "each wrong try has its event",
        "SELECT COUNT(*) FROM verifications v WHERE v.wrong_tries <> \
            (SELECT COUNT(*) FROM events e WHERE e.verification_id = v.id AND e.type = 'verification.wrong_try')",
    ),
    (
        "each resend has its event and its message",
        "SELECT COUNT(*) FROM verifications v WHERE v.manual_resends <> \
            (SELECT COUNT(*) FROM events e WHERE e.verification_id = v.id AND e.type = 'verification.resent') \
            OR v.manual_resends <> (SELECT COUNT(*) FROM sms_messages m WHERE m.verification_id = v.id AND m.kind = 'manual')",
    ),
    (
        "each verification has one first SMS, and a code for each SMS",
        "SELECT COUNT(*) FROM verifications v JOIN filing_requests r ON r.id = v.request_id WHERE r.purged_at IS NULL AND ( \
            (SELECT COUNT(*) FROM sms_messages m WHERE m.verification_id = v.id AND m.kind = 'first') <> 1 \
            OR (SELECT COUNT(*) FROM sms_messages m WHERE m.verification_id = v.id) <> \
            (SELECT COUNT(*) FROM sms_codes c WHERE c.verification_id = v.id))",
    ),
    (
        "an SMS that was accepted has started the window, or its verification had ended",
        "SELECT COUNT(*) FROM verifications v WHERE v.first_sent_at IS NULL AND v.state = 'pending' AND EXISTS \
            (SELECT 1 FROM sms_messages m WHERE m.verification_id = v.id AND m.state = 'accepted')",
    ),
    (
        "no SMS waits for somebody who need not answer",
        "SELECT COUNT(*) FROM sms_messages m JOIN verifications v ON v.id = m.verification_id \
            WHERE m.state = 'queued' AND v.state <> 'pending'",
    ),
    (
        "no SMS is lost: who waits has got one or has one queued",
        "SELECT COUNT(*) FROM verifications v WHERE v.state = 'pending' AND v.first_sent_at IS NULL AND NOT EXISTS \
            (SELECT 1 FROM sms_messages m WHERE m.verification_id = v.id AND m.state = 'queued')",
    ),
    (
        "a used captcha has its answer",
        "SELECT COUNT(*) FROM captcha_uses WHERE result IS NULL",
    ),
];

/// Panics with what does not hold.
pub async fn hold(world: &World) {
    for (rule, never) in NEVER {
        let mut tx = world.services.db.read().await.unwrap();
        let (count,): (i64,) = match &mut tx {
            Tx::Sqlite(tx) => sqlx::query_as(*never).fetch_one(&mut **tx).await.unwrap(),
            Tx::Postgres(tx) => sqlx::query_as(*never).fetch_one(&mut **tx).await.unwrap(),
        };
        assert_eq!(count, 0, "{rule}");
    }
}

/// The same of a database that no program has open.
pub async fn hold_in(engine: Engine, url: &str) {
    match engine {
        Engine::Sqlite => {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            for (rule, never) in NEVER {
                let (count,): (i64,) = sqlx::query_as(*never)
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                assert_eq!(count, 0, "{rule}");
            }
        }
        Engine::Postgres => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            for (rule, never) in NEVER {
                let (count,): (i64,) = sqlx::query_as(*never)
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                assert_eq!(count, 0, "{rule}");
            }
        }
    }
}
