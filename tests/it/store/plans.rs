//! Every statement that the store runs finds its rows by an index. The statements are caught as they run, then explained.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::{Mutex, OnceLock},
};

use chrono::TimeDelta;
use heyan::{
    domain::{
        carrier::Carrier,
        delivery::DeliveryState,
        ids::{ProviderId, RequestId, WebhookId},
        message::Arrival,
        province::Province,
        statistics::Counted,
        words::{EventType, FilingKind, RequestState},
    },
    store::{
        Db, Json, Tx,
        audit::{self, LinkRow},
        captchas, due, events, filing_phones,
        filing_requests::{self, Filter},
        idempotency::{self, Begin, Key},
        imports, limits, meta,
        outbox::{self, Final},
        phone_carriers, providers, purge,
        rotation::{self, SealedColumn},
        sms_codes, sms_parts,
        staff::{self, desk, export, sessions},
        statistics::{self, Counter, Days},
        verifications, visitors,
        webhooks::{self, Attempted, DeliveryFilter, NewDelivery},
    },
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Row};
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};
use uuid::Uuid;

use super::{Scratch, at, log, message_id, one_filing, request_id};

/// What sqlx logs of each statement.
struct Catch;

static CAUGHT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

impl<S: Subscriber> Layer<S> for Catch {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        #[derive(Default)]
        struct Statement {
            summary: String,
            whole: String,
        }
        impl Visit for Statement {
            fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
                match field.name() {
                    "summary" => value.trim().clone_into(&mut self.summary),
                    "db.statement" => value.trim().clone_into(&mut self.whole),
                    _ => {}
                }
            }
            fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn Debug) {}
        }
        if event.metadata().target() == "sqlx::query" {
            let mut statement = Statement::default();
            event.record(&mut statement);
            let text = if statement.whole.is_empty() {
                statement.summary
            } else {
                statement.whole
            };
            CAUGHT.lock().unwrap().insert(text);
        }
    }
}

/// Runs each function that looks something up or changes what it has looked up.
#[expect(clippy::too_many_lines, reason = "a list")]
async fn everything(db: &Db) {
    let mut tx = db.write().await.unwrap();
    let tx = &mut tx;
    let (owner, mut row, [first, second]) = one_filing(tx).await;
    let token = Uuid::from_u128(1);
    let answer = Final {
        gateway: "x",
        gateway_ref: None,
        at: at(1),
        keep_sealed: true,
    };
    meta::put_if_absent(tx, "x", "1").await.unwrap();
    meta::swap(tx, "x", None, "2").await.unwrap();
    meta::swap(tx, "x", Some("1"), "2").await.unwrap();
    meta::raise_tick(tx, at(0)).await.unwrap();
    providers::add_key(tx, owner.id, b"key", "k1", at(0))
        .await
        .unwrap();
    providers::expire_keys(tx, owner.id, b"x", at(0))
        .await
        .unwrap();
    providers::expire_webhook_secrets(tx, owner.id, token, at(0))
        .await
        .unwrap();
    providers::webhook_secrets(tx, owner.id, at(0))
        .await
        .unwrap();
    providers::set_webhook_url(tx, owner.id, None)
        .await
        .unwrap();
    providers::by_key(tx, b"key", at(0)).await.unwrap();
    providers::by_name(tx, "x").await.unwrap();
    providers::by_id(tx, owner.id).await.unwrap();
    filing_requests::save(tx, &mut row).await.unwrap();
    filing_requests::of_provider(tx, owner.id, row.id)
        .await
        .unwrap();
    filing_requests::load_with_verifications(tx, row.id)
        .await
        .unwrap();
    filing_requests::content(tx, row.id).await.unwrap();
    filing_requests::by_reference(tx, "x", 9).await.unwrap();
    filing_requests::by_reference_in(tx, "x", Province::Gansu, 9)
        .await
        .unwrap();
    filing_requests::newest(tx, 9).await.unwrap();
    filing_requests::resubmitted_by(tx, row.id).await.unwrap();
    filing_requests::handed_over(tx, Province::Gansu, 9)
        .await
        .unwrap();
    for filters in 0..16 {
        let filter = Filter {
            state: (filters & 1 > 0).then_some(RequestState::Verifying),
            kind: (filters & 2 > 0).then_some(FilingKind::Change),
            province: (filters & 4 > 0).then_some(Province::Gansu),
            reference: (filters & 8 > 0).then_some("x"),
            ..Filter::default()
        };
        filing_requests::list(tx, owner.id, filter, Some(request_id(9)), 9)
            .await
            .unwrap();
    }
    verifications::save(tx, &first).await.unwrap();
    verifications::load(tx, first.id).await.unwrap();
    verifications::by_link(tx, b"link").await.unwrap();
    verifications::candidates(tx, b"phone", None).await.unwrap();
    verifications::candidates(tx, b"phone", Some(Province::Gansu))
        .await
        .unwrap();
    sms_codes::insert(tx, b"code", "k1", first.id, at(0))
        .await
        .unwrap();
    sms_codes::verification_of(tx, b"code").await.unwrap();
    outbox::claim(tx, at(9), at(20), token, 9).await.unwrap();
    let none = Json(Vec::new());
    let mobile = Some(Carrier::Mobile);
    outbox::submit(tx, message_id(1), token, "x", mobile, at(9), at(9))
        .await
        .unwrap();
    outbox::doubt(tx, message_id(1), token, at(9))
        .await
        .unwrap();
    outbox::wait(tx, message_id(1), token, at(9)).await.unwrap();
    outbox::hold(tx, message_id(1), token, at(9), &none)
        .await
        .unwrap();
    outbox::again(tx, message_id(1), "x", at(9)).await.unwrap();
    outbox::cancel(tx, message_id(1), token, at(9))
        .await
        .unwrap();
    outbox::accept_late(tx, message_id(1), answer)
        .await
        .unwrap();
    outbox::is_delivered(tx, first.id).await.unwrap();
    outbox::settle(tx, message_id(1), Arrival::Delivered, at(9))
        .await
        .unwrap();
    outbox::load(tx, message_id(1)).await.unwrap();
    outbox::of_request(tx, row.id).await.unwrap();
    outbox::is_superseded(tx, first.id, message_id(1))
        .await
        .unwrap();
    outbox::supersede(tx, first.id, message_id(1), at(9))
        .await
        .unwrap();
    sms_parts::accepted(tx, "x", "1", message_id(1), at(9))
        .await
        .unwrap();
    sms_parts::received(tx, "x", "2", Arrival::Delivered, at(9))
        .await
        .unwrap();
    sms_parts::of_message(tx, message_id(1), "main")
        .await
        .unwrap();
    phone_carriers::put(tx, b"phone", "k1", &Json(vec![Carrier::Mobile]), at(9))
        .await
        .unwrap();
    phone_carriers::foreign_to(tx, b"phone").await.unwrap();
    phone_carriers::rehash(tx, b"phone", b"anew", "k1")
        .await
        .unwrap();
    outbox::retry(tx, message_id(1), token, at(9), &none)
        .await
        .unwrap();
    outbox::fail(tx, message_id(2), token, answer)
        .await
        .unwrap();
    outbox::accept(tx, message_id(2), token, answer)
        .await
        .unwrap();
    outbox::queued_of_verification(tx, first.id).await.unwrap();
    outbox::in_flight(tx, at(9)).await.unwrap();
    outbox::inbox(tx, 9).await.unwrap();
    outbox::inbox_of_phone(tx, b"phone", 9).await.unwrap();
    outbox::cancel_of_verification(tx, second.id, at(9))
        .await
        .unwrap();
    captchas::take(tx, b"id", b"form", at(0), at(9))
        .await
        .unwrap();
    captchas::load(tx, b"id").await.unwrap();
    captchas::record_result(tx, b"id", b"x").await.unwrap();
    captchas::settle(tx, b"id").await.unwrap();
    captchas::set_limited(tx, b"id").await.unwrap();
    limits::count(tx, b"bucket", at(9)).await.unwrap();
    limits::take(tx, b"bucket", at(9), 5).await.unwrap();
    limits::give_back(tx, b"bucket").await.unwrap();
    limits::peek(tx, b"bucket", at(0)).await.unwrap();
    limits::peek_three(tx, [b"bucket", b"b", b"c"], at(0))
        .await
        .unwrap();
    limits::clear(tx, b"bucket").await.unwrap();
    log(
        tx,
        row.id,
        None,
        at(0),
        EventType::Submitted,
        "x",
        &json!({}),
    )
    .await;
    audited(tx).await;
    events::of_request(tx, row.id, 0, 9).await.unwrap();
    let key = Key {
        provider_id: owner.id,
        key_hash: b"key",
    };
    let call = Begin {
        key_id: "k1",
        body_digest: b"a",
        now: at(0),
        lease_until: at(9),
        expires_at: at(99),
    };
    idempotency::begin(tx, key, call).await.unwrap();
    idempotency::find(tx, key, at(0)).await.unwrap();
    idempotency::finish(tx, key, at(9), row.id).await.unwrap();
    idempotency::release(tx, key, at(9)).await.unwrap();
    let imported = imports::Row {
        provider_id: owner.id,
        file_hash: b"file",
        first_row: 1,
    };
    imports::insert(tx, imported, "k1", row.id).await.unwrap();
    imports::rows_after(tx, imported, 9).await.unwrap();
    filing_phones::insert(tx, b"phone", row.id, "k1")
        .await
        .unwrap();
    for province in [None, Some(row.province)] {
        filing_phones::requests(tx, b"phone", province, 9)
            .await
            .unwrap();
    }
    let phone = filing_phones::PhoneRow {
        phone_hash: b"phone".into(),
        request_id: row.id,
    };
    filing_phones::hashed_after(tx, "k2", &phone, 9)
        .await
        .unwrap();
    filing_phones::rehash(tx, &phone, b"new", "k2")
        .await
        .unwrap();
    visitors::add(tx, "x", 1).await.unwrap();
    due::expiries(tx, at(0), 9).await.unwrap();
    due::noon(tx, at(0), 9).await.unwrap();
    due::purges(tx, at(0), 9).await.unwrap();
    due::next_at(tx, TimeDelta::zero()).await.unwrap();
    due::next_after(tx, at(0), TimeDelta::zero()).await.unwrap();
    due::sweep(tx, at(0), 9).await.unwrap();
    for column in SealedColumn::ALL {
        rotation::sealed_after(tx, column, &[], 9).await.unwrap();
        rotation::reseal(tx, column, &[1; 16], b"old", b"new")
            .await
            .unwrap();
    }
    rotation::hashed_after(tx, "k2", None, 9).await.unwrap();
    rotation::rehash(tx, first.id, "k2", b"a", b"b")
        .await
        .unwrap();
    filing_requests::lock(tx, row.id).await.unwrap();
    staffed(tx, row.id).await;
    told(tx, owner.id, row.id).await;
    purge::request(tx, row.id, at(9)).await.unwrap();
    providers::revoke(tx, owner.id, at(9)).await.unwrap();
}

/// The same for the log and what is counted of it.
async fn audited(tx: &mut Tx) {
    assert!(audit::is_waiting(tx).await.unwrap());
    let waiting = audit::waiting(tx, 0, 9).await.unwrap();
    let link = LinkRow {
        position: 1,
        event_id: waiting[0].event.id,
        key_id: "k1".into(),
        mac: vec![1; 32],
    };
    audit::link(tx, &link).await.unwrap();
    audit::chained(tx, 0).await.unwrap();
    assert_eq!(audit::links(tx, 0, 9).await.unwrap(), [link]);
    audit::linked(tx, 0, 9).await.unwrap();
    audit::event(tx, 1).await.unwrap();
    audit::last_position(tx).await.unwrap();
    audit::last_unsealed(tx).await.unwrap();
    audit::left_out(tx).await.unwrap();
    audit::copied(tx).await.unwrap();
    let counter = Counter {
        provider: None,
        day: "2018-09-10".into(),
        province: None,
        what: Counted::Filed,
    };
    statistics::add(tx, &counter, 1).await.unwrap();
    let days = Days {
        from: "2018-09-01".into(),
        to: "2018-09-30".into(),
    };
    statistics::by_day(tx, None, None, &days).await.unwrap();
    statistics::by_province(tx, None, &days).await.unwrap();
    statistics::by_provider(tx, None, &days).await.unwrap();
}

/// The same for the bureau's staff.
async fn staffed(tx: &mut Tx, request: RequestId) {
    let id = super::staff::one(tx, 1, "zhang").await;
    staff::by_name(tx, "zhang").await.unwrap();
    staff::by_id(tx, id).await.unwrap();
    staff::take_step(tx, id, 1).await.unwrap();
    staff::logged_in(tx, id, at(0)).await.unwrap();
    staff::failed(tx, id, 100, at(0)).await.unwrap();
    staff::set_password(tx, id, "x").await.unwrap();
    staff::set_totp(tx, id, b"x", 0).await.unwrap();
    staff::reopen(tx, id).await.unwrap();
    staff::count_failure(tx, b"pair", at(0), at(9))
        .await
        .unwrap();
    staff::failures(tx, b"pair", at(0)).await.unwrap();
    staff::forget_failures(tx, b"pair").await.unwrap();
    let session = super::staff::session(tx, 1, id).await;
    sessions::by_token(tx, &[1; 32], at(0), at(0))
        .await
        .unwrap();
    sessions::of_staff(tx, id, at(0), at(0)).await.unwrap();
    sessions::touch(tx, session, at(1)).await.unwrap();
    sessions::end(tx, session, id).await.unwrap();
    sessions::end_all(tx, id).await.unwrap();
    desk::load(tx, request).await.unwrap();
    desk::accept(tx, request, at(9)).await.unwrap();
    for province in [None, Some(Province::Gansu)] {
        desk::queue(tx, province, (9, 0)).await.unwrap();
        desk::reviews(tx, province, (9, 0)).await.unwrap();
        desk::contacts(tx, province, (9, 0)).await.unwrap();
        staff::log::list(tx, province, (9, 0)).await.unwrap();
        for state in [None, Some(RequestState::Verifying)] {
            let all = (RequestId(Uuid::nil()), RequestId(Uuid::max()));
            export::requests(tx, province, state, all, 9).await.unwrap();
        }
    }
    staff::sweep(tx, at(0), 9).await.unwrap();
    staff::remove(tx, id, at(9)).await.unwrap();
}

/// The same for webhooks.
async fn told(tx: &mut Tx, owner: ProviderId, request: RequestId) {
    let (id, token) = (WebhookId(Uuid::from_u128(5)), Uuid::from_u128(1));
    webhooks::receiver(tx, request).await.unwrap();
    let what = EventType::Verifying;
    let event_id = log(tx, request, None, at(0), what, "x", &json!({})).await;
    let new = NewDelivery {
        id,
        event_id,
        provider_id: owner,
        request_id: request,
        kind: what,
        created_at: at(0),
        give_up_at: at(9),
        sealed: b"x",
    };
    webhooks::insert(tx, &new).await.unwrap();
    webhooks::due_receivers(tx, at(9)).await.unwrap();
    webhooks::claim(tx, owner, at(9), at(20), token, 9)
        .await
        .unwrap();
    webhooks::in_flight(tx, at(9)).await.unwrap();
    webhooks::next_at(tx).await.unwrap();
    webhooks::next_after(tx, at(0)).await.unwrap();
    let done = Attempted {
        state: DeliveryState::Delivered,
        at: at(10),
        next_attempt_at: None,
        status: Some(200),
        error: None,
    };
    assert!(webhooks::record(tx, id, token, done).await.unwrap());
    webhooks::promote(tx, request, at(10)).await.unwrap();
    let row = webhooks::of_provider(tx, owner, id).await.unwrap().unwrap();
    webhooks::requeue(tx, &row, at(11), at(99)).await.unwrap();
    for request in [None, Some(request)] {
        for state in [None, Some(DeliveryState::Queued)] {
            let filter = DeliveryFilter { request, state };
            let listed = webhooks::list(tx, owner, filter, None, 9).await.unwrap();
            assert_eq!(listed.len(), 1);
        }
    }
    providers::disable_webhook(tx, owner, "x", at(9))
        .await
        .unwrap();
}

/// Rows in the tables that a list reads: of an empty one PostgreSQL cannot tell which index is the narrower. (SQLite plans by the
/// indexes alone, and the product never lets it count rows.)
const CROWD: &str = "
    INSERT INTO providers (id, name, created_at)
    SELECT lpad(to_hex(1000 + i), 32, '0')::uuid, 'provider ' || i, '2026-01-01' FROM generate_series(0, 19) i;
    INSERT INTO filing_requests (id, provider_id, province, kind, provider_reference, state, one_pass, submitted_at, handed_over_at,
        accepted_at, version)
    SELECT lpad(to_hex(100000 + i), 32, '0')::uuid, lpad(to_hex(1000 + i % 20), 32, '0')::uuid, 'province ' || i / 20 % 31,
        'kind ' || i / 620 % 7, 'ORDER-' || i / 20, CASE WHEN i % 100 = 7 THEN 'awaiting_phone_review'
        WHEN i % 3 = 0 THEN 'handed_over' WHEN i % 3 = 1 THEN 'verifying' ELSE 'returned' END, false,
        TIMESTAMPTZ '2026-01-01' + i * INTERVAL '1 second', TIMESTAMPTZ '2026-01-02' + i * INTERVAL '1 second',
        CASE WHEN i % 30 > 0 THEN TIMESTAMPTZ '2026-01-03' END, 1 FROM generate_series(0, 19999) i;
    INSERT INTO verifications (id, request_id, ordinal, province, phone_hash, phone_key, tail_key, person, principals, state,
        wrong_tries, manual_resends, expires_at, verified_at)
    SELECT id, id, 0, province, uuid_send(id), 'k1', 'k1', uuid_send(id), '[]',
        CASE WHEN state = 'handed_over' THEN 'verified' ELSE 'pending' END, 0, 0, submitted_at,
        CASE WHEN state = 'handed_over' THEN submitted_at END FROM filing_requests WHERE version = 1 AND policy IS NULL;
    INSERT INTO events (request_id, at, type, actor, data)
    SELECT id, submitted_at, 'x', 'system', '{}' FROM filing_requests WHERE policy IS NULL;
    INSERT INTO events (staff_id, at, type, actor, data)
    SELECT lpad(to_hex(i % 500), 32, '0')::uuid, TIMESTAMPTZ '2026-01-01', 'x', 'staff', '{}' FROM generate_series(0, 19999) i;
    INSERT INTO daily_counts (provider_id, day, province, what, count)
    SELECT lpad(to_hex(1000 + p), 32, '0')::uuid, (DATE '2026-01-01' + d)::text, 'province ' || q, 'filed', 1
    FROM generate_series(0, 19) p, generate_series(0, 30) d, generate_series(0, 30) q;
    INSERT INTO staff (id, name, role, totp_step, failures, created_at)
    SELECT lpad(to_hex(1000 + i), 32, '0')::uuid, 'staff ' || i, 'officer', 0, 0, '2026-01-01' FROM generate_series(0, 19) i;
    INSERT INTO staff_sessions (id, token_hash, key_id, staff_id, created_at, seen_at, ends_at)
    SELECT lpad(to_hex(i), 32, '0')::uuid, decode(lpad(to_hex(i), 8, '0'), 'hex'), 'k1',
        lpad(to_hex(1000 + i % 20), 32, '0')::uuid, '2026-01-01', '2026-01-01', TIMESTAMPTZ '2026-01-01' + i * INTERVAL '1 minute'
    FROM generate_series(0, 1999) i;
    INSERT INTO staff_failures (bucket, count, expires_at)
    SELECT decode(lpad(to_hex(i), 8, '0'), 'hex'), 1, TIMESTAMPTZ '2026-01-01' + i * INTERVAL '1 minute'
    FROM generate_series(0, 1999) i;
    INSERT INTO sms_messages (id, verification_id, request_id, kind, state, attempts, queued_at, next_attempt_at, sealed, accepted_at)
    SELECT id, id, request_id, 'first', CASE WHEN state = 'verified' THEN 'accepted' ELSE 'queued' END, 0, expires_at, expires_at,
        '', verified_at FROM verifications WHERE phone_key = 'k1' AND principals = '[]';
    ANALYZE filing_requests, verifications, sms_messages, events, daily_counts, staff_sessions, staff_failures";

/// The plan, a step a line.
async fn explain(tx: &mut Tx, statement: &str) -> String {
    let parameters = (1..20)
        .rev()
        .find(|n| statement.contains(&format!("${n}")))
        .unwrap_or(0);
    match tx {
        Tx::Sqlite(tx) => {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = sqlx::query(explain).fetch_all(&mut **tx).await;
            let rows = rows.unwrap_or_else(|error| panic!("{statement}: {error}"));
            rows.iter()
                .map(|row| row.get::<String, _>("detail"))
                .collect::<Vec<_>>()
                .join("\n")
        }
        Tx::Postgres(tx) => {
            // planned for any value, as the server does with a prepared statement in the long run
            let nulls = vec!["NULL"; parameters].join(", ");
            let nulls = if parameters > 0 {
                format!("({nulls})")
            } else {
                nulls
            };
            for step in [
                format!("PREPARE explained AS {statement}"),
                format!("EXPLAIN EXECUTE explained{nulls}"),
            ] {
                let rows = sqlx::raw_sql(AssertSqlSafe(step))
                    .fetch_all(&mut **tx)
                    .await;
                let rows = rows.unwrap_or_else(|error| panic!("{statement}: {error}"));
                if !rows.is_empty() {
                    sqlx::raw_sql("DEALLOCATE explained")
                        .execute(&mut **tx)
                        .await
                        .unwrap();
                    return rows
                        .iter()
                        .map(|row| row.get::<String, _>(0))
                        .collect::<Vec<_>>()
                        .join("\n");
                }
            }
            unreachable!("a plan has lines")
        }
    }
}

/// Statement (its beginning or a part of it) and the index that it must go by.
const BY: &[(&str, &str)] = &[
    (
        "SELECT request_id FROM verifications WHERE state = 'pending'",
        "verifications_expiry",
    ),
    (
        "SELECT id, request_id FROM verifications WHERE state = 'pending' AND noon_at",
        "verifications_noon",
    ),
    (
        "SELECT id FROM filing_requests WHERE ended_at",
        "filing_requests_unpurged",
    ),
    (
        "WITH due AS (SELECT id FROM sms_messages",
        "sms_messages_due",
    ),
    ("SELECT MIN(due.at)", "verifications_expiry"),
    ("SELECT MIN(due.at)", "verifications_noon"),
    (
        "SELECT MIN(next_attempt_at) FROM sms_messages",
        "sms_messages_due",
    ),
    ("SELECT MIN(ended_at)", "filing_requests_unpurged"),
    (
        "DELETE FROM limit_counters WHERE bucket IN",
        "limit_counters_expiry",
    ),
    ("DELETE FROM captcha_uses", "captcha_uses_expiry"),
    (
        "DELETE FROM idempotency_keys WHERE (provider_id",
        "idempotency_keys_expiry",
    ),
    ("DELETE FROM provider_keys", "provider_keys_expiry"),
    ("DELETE FROM webhook_secrets", "webhook_secrets_expiry"),
    ("WHERE v.phone_hash = $1", "verifications_phone"),
    (
        "FROM filing_requests WHERE provider_reference",
        "filing_requests_reference",
    ),
    (
        "WHERE province = $1 AND state = 'handed_over'",
        "filing_requests_bureau",
    ),
    (
        "BETWEEN $2 AND $3 AND state = $4 ORDER",
        "filing_requests_own_state",
    ),
    (
        "BETWEEN $2 AND $3 AND kind = $4 ORDER",
        "filing_requests_own_kind",
    ),
    (
        "BETWEEN $2 AND $3 AND province = $4 ORDER",
        "filing_requests_own_province",
    ),
    (
        "BETWEEN $2 AND $3 AND provider_reference = $4 ORDER",
        "filing_requests_own_reference",
    ),
    (
        "ORDER BY m.accepted_at DESC, m.id DESC LIMIT $1",
        "sms_messages_inbox",
    ),
    ("DELETE FROM sms_codes", "sms_codes_verification"),
    (
        "SELECT receipt FROM sms_parts WHERE message_id",
        "sms_parts_message",
    ),
    ("FROM sms_parts WHERE message_id IS NULL", "sms_parts_stray"),
    ("AND m.lease_token = $2", "sms_messages_due"),
    (
        "staff_id FROM events WHERE request_id = $1",
        "events_request",
    ),
    (
        "WHERE e.request_id IS NULL ORDER",
        "events_of_no_request or events_request",
    ),
    (
        "FROM daily_counts WHERE province = $1",
        "daily_counts_province",
    ),
    (
        "WITH due AS (SELECT id FROM webhook_deliveries",
        "webhook_deliveries_due",
    ),
    ("WHERE d.provider_id = p.id", "webhook_deliveries_due"),
    (
        "WHERE r.state = 'handed_over' AND r.accepted_at IS NULL",
        "filing_requests_queue_all",
    ),
    (
        "WHERE r.province = $3 AND r.state = 'handed_over'",
        "filing_requests_queue",
    ),
    (
        "WHERE r.state = 'awaiting_phone_review'",
        "filing_requests_reviews_all",
    ),
    (
        "WHERE r.province = $3 AND r.state = 'awaiting_phone_review'",
        "filing_requests_reviews",
    ),
    (
        "WHERE r.province = $4 AND r.id >= $1 AND r.id < $2 ORDER",
        "filing_requests_province or filing_requests_pkey",
    ),
    (
        "FROM verifications v WHERE v.verified_at",
        "verifications_passed_all",
    ),
    (
        "FROM verifications v WHERE v.province = $3",
        "verifications_passed",
    ),
    (
        "DELETE FROM staff_sessions WHERE id IN",
        "staff_sessions_end",
    ),
    (
        "DELETE FROM staff_failures WHERE bucket IN",
        "staff_failures_expiry",
    ),
    (
        "WHERE event_id = (SELECT MIN(event_id)",
        "webhook_deliveries_request",
    ),
];

async fn every_statement_goes_by_an_index(scratch: Scratch) {
    static CATCHING: OnceLock<()> = OnceLock::new();
    CATCHING.get_or_init(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Catch))
            .unwrap();
    });
    everything(&scratch.db).await;
    // other tests of the same process may have added theirs, for the other engine too
    let caught = CAUGHT.lock().unwrap().clone();
    let sqlite = scratch.folder.is_some();
    let apart = [
        "_sqlx",
        "sqlite_master",
        "information_schema",
        "pg_",
        "pragma_",
        "SELECT phone_key",
        // what only a verification of the whole log asks
        "FROM events WHERE seal",
        "SELECT MIN(e.id) FROM events e",
    ];
    let statements: Vec<_> = caught
        .into_iter()
        .filter(|text| {
            ["SELECT", "UPDATE", "DELETE", "WITH"]
                .iter()
                .any(|verb| text.starts_with(verb))
        })
        // what has no condition reads a whole table because it is meant to
        .filter(|text| text.contains(" WHERE ") && !apart.iter().any(|word| text.contains(word)))
        .filter(|text| {
            !(sqlite && text.contains("SKIP LOCKED"))
                && (sqlite || !text.contains("LIMIT $2) UPDATE"))
        })
        .collect();
    assert!(statements.len() > 60, "{}", statements.len());

    let mut tx = scratch.db.write().await.unwrap();
    if let Tx::Postgres(tx) = &mut tx {
        sqlx::raw_sql(CROWD).execute(&mut **tx).await.unwrap();
        let settings =
            "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan";
        sqlx::raw_sql(settings).execute(&mut **tx).await.unwrap();
    }
    let mut plans = Vec::new();
    for statement in statements {
        let plan = explain(&mut tx, &statement).await;
        // in SQLite's words a SCAN without an index reads the whole table, but not that of a query's own rows
        let whole = plan
            .lines()
            .map(|line| line.trim_start_matches(['|', '-', ' ', '`']))
            .find(|line| {
                line.contains("Seq Scan")
                    || line.starts_with("SCAN")
                        && !line.contains(" USING ")
                        && !["due", "SUBQUERY", "CONSTANT"]
                            .iter()
                            .any(|own| line.contains(own))
            });
        assert_eq!(whole, None, "{statement}\n{plan}");
        plans.push((statement, plan));
    }
    for (part, indexes) in BY {
        let found: Vec<_> = plans
            .iter()
            .filter(|(statement, _)| statement.contains(part))
            .collect();
        assert!(!found.is_empty(), "no statement has {part}");
        for (statement, plan) in found {
            let goes = indexes.split(" or ").any(|index| plan.contains(index));
            assert!(goes, "{indexes}\n{statement}\n{plan}");
        }
    }
}

#[tokio::test]
async fn sqlite() {
    every_statement_goes_by_an_index(Scratch::sqlite().await).await;
}

#[tokio::test]
async fn postgres() {
    every_statement_goes_by_an_index(Scratch::postgres().await).await;
}
