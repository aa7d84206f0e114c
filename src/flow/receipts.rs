//! Receipts: what gateways say of an SMS after they took it. They may come twice, late, before the attempt's own answer, or for
//! nothing of ours; none of it confuses a state. One that calls the number foreign (携号转网) sends a new code by the next
//! carrier.

use chrono::{DateTime, Utc};

use super::{
    Result, Services,
    aggregate::{self, Person},
    carriers::Known,
    deliver::{Accepted, accept},
    message, retry,
};
use crate::{
    domain::{
        event::{Actor, Event},
        ids::MessageId,
        message::{Arrival, SmsState, overall},
        words::{EventType, MessageKind},
    },
    sms::{About, BadPush, Fate, Push, Receipt},
    store::{
        Tx, filing_requests,
        outbox::{self, MessageRow},
        sms_parts,
    },
};

/// Deliveries of receipts a round.
const BATCH: usize = 100;

/// Writes down the receipts that have come over gateways' sessions; how many.
///
/// # Errors
/// Those of the database: what is not written down, gateways bring again.
pub async fn round(services: &Services) -> Result<u64> {
    let mut done = 0;
    for received in services.gateways.receipts(BATCH) {
        for receipt in &received.receipts {
            match record(services, &received.gateway, receipt).await {
                Ok(_) => done += 1,
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => {
                    let gateway = &received.gateway;
                    tracing::error!(%error, gateway, "a receipt cannot be written down; the others go on");
                }
            }
        }
        received.written();
    }
    Ok(done)
}

/// A call of the path that a gateway pushes receipts to, written down; what to answer, and its type. None: there is no such
/// gateway with this secret.
///
/// # Errors
/// Those of the database: the gateway pushes again.
pub async fn push(
    services: &Services,
    gateway: &str,
    secret: &str,
    push: &Push<'_>,
) -> Result<Option<Result<(String, &'static str), BadPush>>> {
    let pushed = match services.gateways.pushed(gateway, secret, push) {
        None => return Ok(None),
        Some(Err(bad)) => return Ok(Some(Err(bad))),
        Some(Ok(pushed)) => pushed,
    };
    for receipt in &pushed.receipts {
        record(services, gateway, receipt).await?;
    }
    services.wake.notify_one();
    Ok(Some(Ok((pushed.answer, pushed.content_type))))
}

/// Writes one receipt down; false: it says nothing new, or nothing of ours.
async fn record(services: &Services, gateway: &str, receipt: &Receipt) -> Result<bool> {
    let (gateway, receipt) = (gateway.to_owned(), receipt.clone());
    retry(services, move |services| {
        let (gateway, receipt) = (gateway.clone(), receipt.clone());
        async move {
            let now = services.clock.now();
            let mut tx = services.db.write().await?;
            let new = match &receipt.about {
                About::Message(id) => {
                    of_message(&mut tx, &services, &gateway, *id, &receipt.fate, now).await?
                }
                About::Reference(reference) => {
                    of_part(&mut tx, &services, &gateway, reference, &receipt.fate, now).await?
                }
            };
            tx.commit().await?;
            Ok(new)
        }
    })
    .await
}

async fn of_part(
    tx: &mut Tx,
    services: &Services,
    gateway: &str,
    reference: &str,
    fate: &Fate,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (arrival, foreign) = match fate {
        Fate::Delivered => (Arrival::Delivered, false),
        Fate::Undeliverable { foreign } => (Arrival::Undeliverable, *foreign),
        // that says nothing of a message that has a reference
        Fate::Accepted { .. } | Fate::NeverHadIt => return Ok(false),
    };
    let found = sms_parts::received(tx, gateway, reference, arrival, now).await?;
    let Some(message) = found else {
        return Ok(false);
    };
    let Some(row) = outbox::load(tx, message).await? else {
        return Ok(false);
    };
    // two parts' receipts at once: the second waits, and sees the first
    filing_requests::lock(tx, row.request_id).await?;
    let parts = sms_parts::of_message(tx, message, gateway).await?;
    let is_theirs = row.gateway.as_deref() == Some(gateway);
    match overall(&parts) {
        // of a copy: another gateway has the message by now
        Some(Arrival::Undeliverable) if !is_theirs => Ok(false),
        Some(arrival) => settle(tx, services, message, gateway, arrival, foreign, now).await,
        None => Ok(false),
    }
}

async fn of_message(
    tx: &mut Tx,
    services: &Services,
    gateway: &str,
    id: MessageId,
    fate: &Fate,
    now: DateTime<Utc>,
) -> Result<bool> {
    let Some(row) = outbox::load(tx, id).await? else {
        return Ok(false);
    };
    let is_theirs = row.gateway.as_deref() == Some(gateway);
    let (references, arrival) = match fate {
        Fate::NeverHadIt => return Ok(outbox::again(tx, id, gateway, now).await?),
        Fate::Accepted { references } => (&references[..], None),
        Fate::Delivered => (&[][..], Some((Arrival::Delivered, false))),
        Fate::Undeliverable { foreign } if is_theirs => {
            (&[][..], Some((Arrival::Undeliverable, *foreign)))
        }
        // another gateway has it by now
        Fate::Undeliverable { .. } => return Ok(false),
    };
    if row.state == SmsState::Queued {
        let accepted = Accepted {
            message: id,
            verification: row.verification_id,
            request: row.request_id,
            token: None,
            gateway,
            references,
            arrival,
            at: now,
        };
        if accept(tx, services, accepted).await? {
            return Ok(true);
        }
        // its claim has recorded that meanwhile, or it is not wanted any more
        match outbox::load(tx, id).await? {
            Some(now) if now.state == SmsState::Accepted => {}
            _ => return Ok(false),
        }
    }
    for reference in references {
        sms_parts::accepted(tx, gateway, reference, id, now).await?;
    }
    match arrival {
        Some((arrival, foreign)) => settle(tx, services, id, gateway, arrival, foreign, now).await,
        None => Ok(false),
    }
}

/// What the receipts of an accepted message came to; false: nothing new.
pub(super) async fn settle(
    tx: &mut Tx,
    services: &Services,
    id: MessageId,
    gateway: &str,
    arrival: Arrival,
    foreign: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let Some(row) = outbox::load(tx, id).await? else {
        return Ok(false);
    };
    let delivered = arrival == Arrival::Delivered;
    if foreign || delivered {
        // as every transition takes them: the request's row before its message's
        filing_requests::lock(tx, row.request_id).await?;
    }
    let first = delivered && !outbox::is_delivered(tx, row.verification_id).await?;
    if !outbox::settle(tx, id, arrival, now).await? {
        return Ok(false);
    }
    if first {
        let event = Event::of(EventType::VerificationDelivered, row.verification_id);
        let actor = Actor::System;
        aggregate::record(tx, services, row.request_id, &[event], actor, now).await?;
    }
    if let Some(accepted_at) = row.accepted_at
        && arrival != Arrival::Unknown
    {
        let took = now - accepted_at;
        services.gateways.receipt_took(gateway, took, now);
        services.metrics.receipt(gateway, arrival.as_str());
    }
    if foreign {
        by_the_next_carrier(tx, services, &row, now).await?;
    }
    Ok(true)
}

/// The number has moved: that is remembered, and whoever still waits gets a new code by the next carrier.
async fn by_the_next_carrier(
    tx: &mut Tx,
    services: &Services,
    row: &MessageRow,
    now: DateTime<Utc>,
) -> Result<()> {
    let loaded = aggregate::load(tx, row.request_id).await?;
    let mut rows = loaded.rows.iter();
    let Some(verification) = rows.find(|one| one.id == row.verification_id) else {
        return Ok(());
    };
    let Some(person) = Person::open(&services.keys, verification)? else {
        return Ok(());
    };
    let mut known = Known::of(tx, services, &person.phone).await?;
    if !known.is_foreign_to(row.carrier) {
        return Ok(());
    }
    known.keep(tx, services, &person.phone, now).await?;
    let waits = verification.ended_at.is_none() && now < verification.expires_at;
    if let Some(policy) = loaded.request.policy.as_ref().filter(|_| waits)
        && known.carrier().is_some()
    {
        let kind = MessageKind::Rerouted;
        message::enqueue(tx, services, policy, verification, &person, kind, now).await?;
        services.wake.notify_one();
    }
    Ok(())
}
