//! Queuing an SMS: every SMS has a code of its own, drawn here. The outbox row holds it sealed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{FlowError, Result, Services, aggregate::Person, hashes};
use crate::{
    domain::{
        carrier::Carrier,
        ids::{MessageId, VerificationId},
        message::SmsText,
        phone::Phone,
        policy::{Policy, Senders},
        sms_code::SmsCode,
        text::redacted_debug,
        words::MessageKind,
    },
    keys::{Cell, Keys},
    store::{Tx, outbox, sms_codes, verifications::VerificationRow},
};

/// So often is a code drawn until no unpurged code of the phone is the same: a million codes, at most some dozen taken.
const DRAWS: u32 = 100;

/// What an outbox row holds, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Message {
    /// To whom.
    pub phone: Phone,
    /// The number that it comes from, by the carrier of the phone's prefix.
    pub sender: String,
    /// That number for each carrier; none in messages of an older heyan.
    #[serde(default)]
    pub senders: Option<Senders>,
    /// The whole text.
    pub text: String,
    /// The code in it.
    pub code: String,
    /// The link in it.
    pub link: Option<String>,
}

redacted_debug!(Message);

impl Message {
    /// Opens an outbox row's message.
    ///
    /// # Errors
    /// `Key` or `Corrupt`: it does not open.
    pub fn open(keys: &Keys, id: MessageId, sealed: &[u8]) -> Result<Self> {
        let plain = keys.open(cell(&id), sealed)?;
        Ok(serde_json::from_slice(&plain)?)
    }

    /// The number that it comes from when it goes by the chain of a carrier.
    #[must_use]
    pub fn sender_by(&self, carrier: Option<Carrier>) -> &str {
        match &self.senders {
            Some(senders) => senders.for_carrier(carrier),
            None => &self.sender,
        }
    }
}

fn cell(id: &MessageId) -> Cell<'_> {
    Cell {
        table: "sms_messages",
        column: "sealed",
        row: id.0.as_bytes(),
    }
}

/// Queues an SMS with a new code for a verification; it is due at once. The caller wakes the jobs after its commit.
///
/// # Errors
/// What the database or the keys say.
pub async fn enqueue(
    tx: &mut Tx,
    services: &Services,
    policy: &Policy,
    row: &VerificationRow,
    person: &Person,
    kind: MessageKind,
    now: DateTime<Utc>,
) -> Result<()> {
    let code = draw(tx, services, row.id, &person.phone, now).await?;
    let link = link(services, row)?;
    let text = SmsText {
        wording: policy.wording,
        signature: &services.settings.signature,
        province: row.province,
        code: &code,
        validity_hours: policy.validity_hours,
        deadline: (kind != MessageKind::First).then_some(row.expires_at),
        link: link.as_deref(),
        origin: services.settings.sms.origin.as_deref(),
    };
    let carrier = services.carriers.of(&person.phone);
    let message = Message {
        sender: policy.senders.for_carrier(carrier).to_owned(),
        senders: Some(policy.senders.clone()),
        text: text.render(),
        code: code.as_str().to_owned(),
        phone: person.phone.clone(),
        link,
    };
    let id = MessageId::new(now, services.random.bytes());
    let plain = Zeroizing::new(serde_json::to_vec(&message)?);
    let new = outbox::NewMessage {
        id,
        verification_id: row.id,
        request_id: row.request_id,
        kind,
        queued_at: now,
        next_attempt_at: now,
        sealed: &services.keys.seal(cell(&id), &plain, &services.random),
    };
    outbox::insert(tx, &new).await?;
    outbox::supersede(tx, row.id, id, now).await?;
    Ok(())
}

/// A code that no unpurged code of this phone equals, under whichever key (S0: 验证码不重复).
async fn draw(
    tx: &mut Tx,
    services: &Services,
    verification: VerificationId,
    phone: &Phone,
    now: DateTime<Utc>,
) -> Result<SmsCode> {
    for _ in 0..DRAWS {
        let code = SmsCode::from_number(services.random.below(SmsCode::COUNT));
        let mut hashes = hashes::codes(&services.keys, phone, &code).into_iter();
        let Some(own) = hashes.next() else { continue };
        let mut taken = false;
        for older in hashes {
            taken |= sms_codes::verification_of(tx, &older.value)
                .await?
                .is_some();
        }
        if !taken && sms_codes::insert(tx, &own.value, own.key.as_str(), verification, now).await? {
            return Ok(code);
        }
    }
    Err(FlowError::Busy)
}

/// The whole short link of a verification; none where its policy has no links.
fn link(services: &Services, row: &VerificationRow) -> Result<Option<String>> {
    let Some(key) = &row.link_key else {
        return Ok(None);
    };
    let token = services
        .keys
        .link_token(row.id.0.as_bytes(), &key.parse()?)?;
    Ok(Some(format!("{}/v/{token}", services.settings.public_url)))
}
