//! By which gateway an SMS goes: the carrier's chain, the next gateway, the next carrier.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::TimeDelta;
use heyan::{
    domain::{
        carrier::Carrier,
        message::SmsState,
        words::{RequestState, ReturnReason},
    },
    flow::{rotate_keys, withdraw::withdraw},
    sms::Sent,
};

use super::{Fakes, NINE, accepted, again, draft};
use crate::world::{keys_with_index, on_engines};

const MOBILE: &str = "13800138000";
const UNICOM: &str = "13000130000";
const TELECOM: &str = "13300133000";

fn foreign() -> Sent {
    Sent::Next { foreign: true }
}

on_engines! {
    async fn each_carrier_has_its_chain_and_its_sender(engine) {
        let fakes = Fakes::default().add("main", |_, _| accepted()).add("spare", |_, _| accepted());
        let texting = fakes.chain(Carrier::Unicom, &["spare"]).world(engine, NINE).await;
        for phone in [MOBILE, UNICOM, TELECOM] {
            texting.file(phone).await;
        }
        let caught = texting.caught();
        let seen: Vec<_> = caught.iter().map(|one| (one.gateway, &*one.phone, &*one.sender)).collect();
        assert_eq!(seen, [("main", MOBILE, "106575000130"), ("spare", UNICOM, "10655113"), ("main", TELECOM, "106598051001")]);
        assert!(texting.counted("heyan_sms_attempt_seconds_count{gateway=\"spare\",outcome=\"accepted\"} 1"));
    }

    async fn the_next_gateway_takes_what_the_first_does_not(engine) {
        let spare = |sms: &heyan::sms::SmsMessage, _| if sms.attempt < 4 { again() } else { accepted() };
        let fakes = Fakes::default().add("busy", |_, _| Sent::Next { foreign: false });
        let texting = fakes.add("never", |_, _| Sent::Refused).add("spare", spare).world(engine, NINE).await;
        let id = texting.file(MOBILE).await;
        assert_eq!(texting.by(), ["busy", "never", "spare"]);
        assert_eq!(texting.sms(id).await[0].state, SmsState::Queued);
        // whoever refused for good is not asked again
        texting.after(45).await;
        assert_eq!(texting.by(), ["busy", "never", "spare", "busy", "spare"]);
        assert_eq!(texting.sms(id).await[0].state, SmsState::Accepted);
        let caught = texting.caught();
        assert!(caught.iter().all(|one| one.id == caught[0].id), "one message, whoever has it");
    }

    async fn a_sandbox_texts_listed_numbers_alone_and_says_what_it_is(engine) {
        let texting = Fakes::default().add("main", |_, _| accepted()).sandbox(MOBILE).world(engine, NINE).await;
        let listed = texting.file(MOBILE).await;
        let other = texting.file(UNICOM).await;
        let caught = texting.caught();
        assert_eq!((caught.len(), &*caught[0].phone, &*caught[0].sender), (1, MOBILE, ""));
        assert!(caught[0].text.starts_with("【演示】【备案核验】"), "{}", caught[0].text);
        assert_eq!(texting.sms(listed).await[0].state, SmsState::Accepted);
        assert_eq!(texting.sms(other).await[0].state, SmsState::Delivered, "by the sandbox's own");
    }

    async fn refused_by_all_is_undeliverable(engine) {
        let fakes = Fakes::default().add("main", |_, _| Sent::Refused).add("spare", |_, _| Sent::Refused);
        let texting = fakes.world(engine, NINE).await;
        let id = texting.file(MOBILE).await;
        let view = texting.world.view(id).await;
        assert_eq!((view.row.state, view.row.return_reason), (RequestState::Returned, Some(ReturnReason::Undeliverable)));
        assert_eq!((texting.by(), texting.sms(id).await[0].state), (vec!["main", "spare"], SmsState::Failed));
    }

    async fn one_that_is_only_busy_is_not_undeliverable(engine) {
        let fakes = Fakes::default().add("main", |_, _| Sent::Next { foreign: false }).add("spare", |_, _| Sent::Refused);
        let texting = fakes.world(engine, NINE).await;
        let id = texting.file(MOBILE).await;
        assert_eq!(texting.world.view(id).await.row.state, RequestState::Verifying);
        assert_eq!(texting.sms(id).await[0].state, SmsState::Queued);
    }

    async fn a_gateway_that_fails_is_rested_and_probed(engine) {
        let works = Arc::new(AtomicBool::new(false));
        let script = { let works = works.clone(); move |_: &_, _| if works.load(Ordering::Relaxed) { accepted() } else { again() } };
        let texting = Fakes::default().add("main", script).add("spare", |_, _| accepted()).world(engine, NINE).await;
        for n in 0..5 {
            texting.file(&format!("1380013800{n}")).await;
        }
        assert_eq!(texting.by(), ["main"; 5]);
        texting.file("13800138005").await;
        assert_eq!(texting.by()[5..], ["spare"]);
        texting.world.settle().await;
        assert!(texting.counted("heyan_sms_gateway_resting{gateway=\"main\"} 1"));
        // what failed is tried again by the other, within the rest
        texting.after(5).await;
        assert_eq!(texting.by()[6..], ["spare"; 5]);
        // one probe, which fails; the others need not wait for it
        texting.after(25).await;
        texting.file("13800138006").await;
        texting.file("13800138007").await;
        assert_eq!(texting.by()[11..], ["main", "spare"]);
        // twice as long; then it works, and is the first choice again
        works.store(true, Ordering::Relaxed);
        texting.after(60).await;
        texting.file("13800138008").await;
        assert_eq!(texting.by().last(), Some(&"main"));
    }

    async fn an_outage_amid_many_is_one_short_rest(engine) {
        let works = Arc::new(AtomicBool::new(false));
        let script = { let works = works.clone(); move |_: &_, _| if works.load(Ordering::Relaxed) { accepted() } else { again() } };
        let texting = Fakes::default().add("main", script).world(engine, NINE).await;
        for n in 10..30 {
            texting.world.submit(draft(&format!("138001380{n}"))).await;
        }
        texting.world.settle().await;
        assert_eq!(texting.by().len(), 20, "all were under way");
        works.store(true, Ordering::Relaxed);
        texting.after(29).await;
        assert_eq!(texting.by().len(), 20);
        // the probe, and as soon as it is answered the others
        texting.after(1).await;
        texting.after(5).await;
        assert_eq!(texting.by().len(), 40);
        assert_eq!(texting.world.number("SELECT COUNT(*) FROM sms_messages WHERE state = 'accepted'").await, 20);
    }

    async fn all_at_rest_is_a_wait(engine) {
        let texting = Fakes::default().add("main", |_, _| again()).world(engine, NINE).await;
        for n in 0..6 {
            texting.file(&format!("1380013800{n}")).await;
        }
        assert_eq!(texting.by().len(), 5, "the sixth found it at rest");
        texting.after(29).await;
        assert_eq!(texting.by().len(), 5);
        texting.after(1).await;
        assert_eq!(texting.by().len(), 6, "one probe");
    }

    async fn a_gateway_whose_account_is_wrong_is_an_alarm(engine) {
        let texting = Fakes::default().add("main", |_, _| Sent::Stop).add("spare", |_, _| accepted()).world(engine, NINE).await;
        for phone in [MOBILE, UNICOM] {
            texting.file(phone).await;
        }
        assert_eq!(texting.by(), ["main", "spare", "spare"]);
        assert!(texting.counted("heyan_alarms_total{alarm=\"sms_gateway_stopped\"} 1"));
    }

    async fn a_number_that_has_moved_is_remembered(engine) {
        let telecom = |sms: &heyan::sms::SmsMessage, _| if sms.carrier == Some(Carrier::Telecom) { foreign() } else { accepted() };
        let fakes = Fakes::default().add("telecom", telecom).add("others", |_, _| accepted());
        let fakes = fakes.chain(Carrier::Telecom, &["telecom"]).chain(Carrier::Mobile, &["others"]);
        let texting = fakes.world(engine, NINE).await;
        texting.file(TELECOM).await;
        let caught = texting.caught();
        assert_eq!(texting.by(), ["telecom", "others"]);
        assert_eq!((caught[1].carrier, &caught[1].sender[..]), (Some(Carrier::Mobile), "106575000130"));
        let again = texting.file(TELECOM).await;
        assert_eq!(texting.by(), ["telecom", "others", "others"]);

        // under another index key it is known too, also once it has been hashed anew
        let world = &texting.world;
        let mut services = world.services.clone();
        services.keys = keys_with_index("k2");
        rotate_keys::rotate(&services, |_| {}).await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM phone_carriers WHERE key_id = 'k2'").await, 1);
        texting.file(TELECOM).await;
        assert_eq!(texting.by()[3..], ["others"]);

        // and forgotten with the phone's last request: the withdrawn one is purged first
        withdraw(&world.services, world.provider, again).await.unwrap();
        world.turn(world.now() + TimeDelta::days(181)).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM phone_carriers").await, 1);
        world.turn(world.now() + TimeDelta::days(2)).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM phone_carriers").await, 0);
    }

    async fn foreign_to_every_carrier_is_undeliverable(engine) {
        let texting = Fakes::default().add("main", |_, _| foreign()).world(engine, NINE).await;
        let id = texting.file(TELECOM).await;
        let carriers: Vec<_> = texting.caught().iter().map(|one| one.carrier).collect();
        let all = [Some(Carrier::Telecom), Some(Carrier::Mobile), Some(Carrier::Unicom), Some(Carrier::Broadnet), None];
        assert_eq!(carriers, all);
        assert_eq!(texting.world.view(id).await.row.return_reason, Some(ReturnReason::Undeliverable));
    }
}
