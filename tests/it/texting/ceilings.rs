//! What SMS may cost: ceilings, paces, and the signs of abuse.

use std::sync::Arc;

use chrono::TimeDelta;
use heyan::{
    domain::{message::SmsState, words::VerificationState},
    flow::{Settings, SmsSettings},
    sms::{About, Fate, Pace, Receipt},
};

use super::{Fakes, NINE, Texting, accepted};
use crate::world::{at, no_ceilings, on_engines};

const PHONE: &str = "13800138000";

fn alarm(name: &str) -> String {
    format!("heyan_alarms_total{{alarm=\"{name}\"}} 1")
}

impl Texting {
    fn with(mut self, change: impl FnOnce(&mut SmsSettings)) -> Self {
        let services = &mut self.world.services;
        let mut settings = Settings {
            sms: no_ceilings(),
            ..(*services.settings).clone()
        };
        change(&mut settings.sms);
        services.settings = Arc::new(settings);
        self
    }
}

on_engines! {
    async fn the_thirteenth_of_a_day_waits_for_the_next(engine) {
        let texting = Fakes::default().add("main", |_, _| accepted()).world(engine, NINE).await;
        let texting = texting.with(|sms| sms.per_phone_per_day = 12);
        for n in 1..=12 {
            texting.file(PHONE).await;
            assert_eq!(texting.counted(&alarm("sms_phone_ceiling_near")), n >= 10, "{n}");
        }
        let id = texting.file(PHONE).await;
        let midnight = at("2018-09-11T00:00+08:00");
        let sms = texting.sms(id).await.remove(0);
        assert_eq!((sms.state, sms.held_until), (SmsState::Queued, Some(midnight)));
        assert!(texting.counted(&alarm("sms_phone_ceiling_reached")));
        assert_eq!(texting.by().len(), 12);
        // whoever waits is not the loser
        let row = texting.world.view(id).await.verifications.remove(0).row;
        assert_eq!((row.first_sent_at, row.expires_at), (None, midnight + TimeDelta::hours(48)));
        texting.file("13900139000").await;
        assert_eq!(texting.by().len(), 13, "others are not held up");
        texting.world.set(midnight);
        texting.world.settle().await;
        let sms = texting.sms(id).await.remove(0);
        assert_eq!((sms.state, sms.held_until, sms.accepted_at), (SmsState::Accepted, None, Some(midnight)));
    }

    async fn a_provider_and_all_have_ceilings_of_an_hour(engine) {
        for (change, reached) in [
            ((|sms: &mut SmsSettings| sms.per_provider_per_hour = 5) as fn(&mut SmsSettings), "sms_provider_ceiling_reached"),
            (|sms: &mut SmsSettings| sms.per_hour = 5, "sms_ceiling_reached"),
        ] {
            let texting = Fakes::default().add("main", |_, _| accepted()).world(engine, NINE).await.with(change);
            for n in 0..7 {
                texting.file(&format!("138001{n}8000")).await;
            }
            assert_eq!(texting.by().len(), 5);
            let text = texting.world.services.metrics.render();
            assert!(text.contains(&format!("heyan_alarms_total{{alarm=\"{reached}\"}} 2")), "{text}");
            texting.after(3599).await;
            assert_eq!(texting.by().len(), 5);
            texting.after(1).await;
            assert_eq!(texting.by().len(), 7);
        }
    }

    async fn a_try_that_fails_counts_once(engine) {
        let script = |sms: &heyan::sms::SmsMessage, _| if sms.attempt < 5 { super::again() } else { accepted() };
        let texting = Fakes::default().add("main", script).world(engine, NINE).await.with(|sms| sms.per_phone_per_day = 2);
        for _ in 0..2 {
            let id = texting.file(PHONE).await;
            for _ in 0..40 {
                texting.after(30).await;
            }
            assert_eq!(texting.sms(id).await[0].state, SmsState::Accepted);
        }
    }

    async fn a_gateways_pace_is_kept_for_each_phone(engine) {
        let pace = Pace { per_minute: Some(1), per_hour: Some(2), per_day: Some(3) };
        let fakes = Fakes::default().with("main", |_, _| accepted(), |one| one.pace = pace);
        let texting = fakes.world(engine, NINE).await;
        let mut waiting = Vec::new();
        for _ in 0..4 {
            waiting.push(texting.file(PHONE).await);
        }
        texting.file("13900139000").await;
        assert_eq!(texting.by().len(), 2);
        let held = texting.sms(waiting[1]).await[0].held_until;
        assert_eq!(held, Some(at("2018-09-10T09:01+08:00")));
        texting.world.turn(at("2018-09-11T09:00+08:00")).await;
        let times: Vec<_> = texting.caught().into_iter().filter(|one| one.phone == PHONE).map(|one| one.at).collect();
        let expected = [NINE, "2018-09-10T09:01+08:00", "2018-09-10T10:00+08:00", "2018-09-11T00:00+08:00"];
        assert_eq!(times, expected.map(at));
        for id in waiting {
            let row = texting.world.view(id).await.verifications.remove(0).row;
            assert_eq!((row.state, row.expires_at), (VerificationState::Pending, row.first_sent_at.unwrap() + TimeDelta::hours(48)));
        }
    }

    async fn numbers_in_sequence_and_an_hour_without_answers_are_alarms(engine) {
        let texting = Fakes::default().add("main", |_, _| accepted()).world(engine, NINE).await;
        for n in 0..10 {
            texting.file(&format!("1380013800{n}")).await;
        }
        assert!(texting.counted(&alarm("sms_numbers_in_sequence")));
        // two hours in which half answer, and one in which nobody does
        for hour in 0..3 {
            for n in 0..60 {
                let phone = format!("139{:08}", hour * 60_000 + n * 997);
                texting.file(&phone).await;
                if hour < 2 && n % 2 == 0 {
                    let code = texting.world.code(&phone).await;
                    texting.world.verify(None, &code, &phone, "345678").await;
                }
            }
            assert!(!texting.counted(&alarm("sms_few_verified")), "{hour}");
            texting.after(3600).await;
        }
        assert!(texting.counted(&alarm("sms_few_verified")));
        assert!(texting.counted("heyan_sms_verified_percent 0"));
    }

    async fn a_gateway_whose_receipts_come_late_stands_behind(engine) {
        let fakes = Fakes::default().with("late", |_, _| accepted(), |one| one.receipts = true);
        let texting = fakes.add("spare", |_, _| accepted()).world(engine, NINE).await;
        for n in 0..20 {
            texting.file(&format!("138001{n:02}000")).await;
        }
        let receipt = |id| Receipt { about: About::Message(id), fate: Fate::Delivered };
        let sent = texting.caught();
        texting.sink("late").post(sent[..17].iter().map(|one| receipt(one.id)).collect());
        texting.world.settle().await;
        texting.after(301).await;
        texting.file(PHONE).await;
        assert_eq!(texting.by().last(), Some(&"late"));
        texting.sink("late").post(sent[17..].iter().map(|one| receipt(one.id)).collect());
        texting.world.settle().await;
        texting.file(PHONE).await;
        assert_eq!(texting.by().last(), Some(&"spare"));
        assert!(texting.counted("heyan_sms_gateway_slow{gateway=\"late\"} 1"));
        texting.after(900).await;
        texting.file(PHONE).await;
        assert_eq!(texting.by().last(), Some(&"late"));
    }
}
