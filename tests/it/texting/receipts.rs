//! Receipts: once, twice, late, before the answer, for nothing of ours; and of a number that has moved.

use chrono::TimeDelta;
use heyan::{
    domain::{
        carrier::Carrier,
        message::SmsState,
        words::{RequestState, VerificationState},
    },
    flow::{receipts, shape::FilingRequest},
    sms::{About, Fate, Receipt, Sent, SmsMessage},
};

use super::{Fakes, NINE, Texting};
use crate::world::{at, on_engines, outcome};

const PHONE: &str = "13300133000";

/// Two parts; what goes to a mobile number is short.
fn with_references(sms: &SmsMessage, _: chrono::DateTime<chrono::Utc>) -> Sent {
    let references = match sms.carrier {
        Some(Carrier::Mobile) => vec!["m1".into()],
        _ => vec!["r1".into(), "r2".into()],
    };
    Sent::Accepted { references }
}

fn fakes() -> Fakes {
    Fakes::default().with("main", with_references, |one| one.receipts = true)
}

const LOST: Fate = Fate::Undeliverable { foreign: false };

impl Texting {
    /// A receipt comes from `main`.
    async fn receive(&self, about: About, fate: Fate) {
        self.sink("main").post(vec![Receipt { about, fate }]);
        self.world.settle().await;
    }

    async fn receive_part(&self, reference: &str, fate: Fate) {
        self.receive(About::Reference(reference.into()), fate).await;
    }
}

on_engines! {
    async fn a_long_message_is_there_when_all_of_it_is(engine) {
        let texting = fakes().world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        assert_eq!(texting.sms(id).await[0].state, SmsState::Accepted);
        texting.world.set(at(NINE) + TimeDelta::seconds(3));
        texting.receive_part("r1", Fate::Delivered).await;
        texting.receive_part("r1", Fate::Delivered).await;
        assert_eq!(texting.sms(id).await[0].state, SmsState::Accepted);
        texting.receive_part("r2", Fate::Delivered).await;
        let request = FilingRequest::from(texting.world.view(id).await);
        let shown = serde_json::to_value(request).unwrap();
        let expected = serde_json::json!([{"state": "delivered", "queued_at": "2018-09-10T09:00:00+08:00", "held_until": null,
            "accepted_at": "2018-09-10T09:00:00+08:00", "delivered_at": "2018-09-10T09:00:03+08:00"}]);
        assert_eq!(shown["verifications"][0]["sms"], expected);
        assert!(texting.counted("heyan_sms_receipts_total{gateway=\"main\",receipt=\"delivered\"} 1"));
        // late and contrary: it is on the phone
        texting.receive_part("r2", LOST).await;
        assert_eq!(texting.sms(id).await[0].state, SmsState::Delivered);
    }

    async fn a_lost_one_may_turn_up_and_is_the_principals_to_resend(engine) {
        let texting = fakes().world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        texting.receive_part("r2", LOST).await;
        texting.receive_part("r2", LOST).await;
        assert_eq!(texting.sms(id).await[0].state, SmsState::Undeliverable);
        let view = texting.world.view(id).await;
        assert_eq!(view.row.state, RequestState::Verifying);
        assert_eq!(view.verifications[0].row.state, VerificationState::Pending);
        assert_eq!(texting.by().len(), 1, "nothing is sent by itself");
        // later, so that the newer one is the second in the list
        texting.world.set(at(NINE) + TimeDelta::seconds(1));
        assert_eq!(outcome(texting.world.resend(None, PHONE, "345678").await).as_str(), "resent");
        let message = texting.caught()[0].id;
        texting.receive(About::Message(message), Fate::Delivered).await;
        let states: Vec<_> = texting.sms(id).await.iter().map(|sms| sms.state).collect();
        assert_eq!(states, [SmsState::Delivered, SmsState::Accepted]);
    }

    async fn a_receipt_may_come_before_the_answer(engine) {
        let texting = fakes().world(engine, NINE).await;
        texting.receive_part("r1", Fate::Delivered).await;
        texting.receive_part("r2", Fate::Delivered).await;
        let id = texting.file(PHONE).await;
        assert_eq!(texting.sms(id).await[0].state, SmsState::Delivered);
        // a gateway that counts anew: an old receipt says nothing of a new message
        let world = &texting.world;
        world.set(world.now() + TimeDelta::minutes(20));
        let other = texting.file("18900189000").await;
        assert_eq!(texting.sms(other).await[0].state, SmsState::Accepted);
        assert_eq!(texting.sms(id).await[0].state, SmsState::Delivered);
        texting.receive_part("r1", LOST).await;
        assert_eq!(texting.sms(other).await[0].state, SmsState::Undeliverable);
        assert_eq!(texting.sms(id).await[0].state, SmsState::Delivered);
    }

    async fn of_nothing_of_ours_it_is_kept_for_a_day(engine) {
        let texting = fakes().world(engine, NINE).await;
        texting.receive_part("nobody's", LOST).await;
        let unknown = heyan::domain::ids::MessageId::new(at(NINE), [9; 10]);
        texting.receive(About::Message(unknown), Fate::Delivered).await;
        let parts = "SELECT COUNT(*) FROM sms_parts";
        assert_eq!(texting.world.number(parts).await, 1);
        texting.after(24 * 3600).await;
        assert_eq!(texting.world.number(parts).await, 0);
    }

    async fn a_sink_is_told_once_it_has_been_written_down(engine) {
        let texting = fakes().world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        let sink = texting.sink("main");
        let about = About::Message(texting.caught()[0].id);
        let put = tokio::spawn(async move { sink.put(vec![Receipt { about, fate: Fate::Delivered }]).await });
        texting.world.services.gateways.receipt_arrived().await;
        assert!(!put.is_finished());
        while receipts::round(&texting.world.services).await.unwrap() == 0 {}
        assert!(put.await.unwrap());
        assert_eq!(texting.sms(id).await[0].state, SmsState::Delivered);
    }

    async fn a_day_without_one_is_unknown(engine) {
        let texting = fakes().world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        texting.world.set(at(NINE) + TimeDelta::hours(24));
        assert_eq!(texting.sms(id).await[0].state, SmsState::Unknown);
    }

    async fn a_number_that_has_moved_gets_a_new_code_by_the_next_carrier(engine) {
        let texting = fakes().world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        let old = texting.world.code(PHONE).await;
        texting.world.set(at(NINE) + TimeDelta::minutes(1));
        texting.receive_part("r1", Fate::Undeliverable { foreign: true }).await;
        let caught = texting.caught();
        assert_eq!((caught.len(), caught[1].carrier, &*caught[1].sender), (2, Some(Carrier::Mobile), "106575000130"));
        let new = texting.world.code(PHONE).await;
        assert_ne!(old, new);
        let states: Vec<_> = texting.sms(id).await.iter().map(|sms| sms.state).collect();
        assert_eq!(states, [SmsState::Undeliverable, SmsState::Accepted]);
        // said again, it changes nothing; it is no manual resend, and the deadline stays
        texting.receive_part("r1", Fate::Undeliverable { foreign: true }).await;
        assert_eq!(texting.caught().len(), 2);
        let row = texting.world.view(id).await.verifications.remove(0).row;
        assert_eq!((row.manual_resends, row.expires_at), (0, at(NINE) + TimeDelta::hours(48)));
        assert_eq!(outcome(texting.world.verify(None, &new, PHONE, "345678").await).as_str(), "verified_all");
    }
}
