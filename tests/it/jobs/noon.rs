//! The noon resend: at 12:00 of the day after the first SMS, once, while five minutes are left.

use heyan::{
    domain::words::{EventType, MessageKind, RequestState, VerificationState},
    flow::run_due::next_due,
    sms::Sent,
};

use super::desk::{Desk, accepted, at};
use crate::store::on_both;

on_both! {
    async fn noon_comes_once_and_extends_nothing(db) {
        let desk = Desk::new(db, "2018-09-10T13:00+08:00").await;
        let id = desk.file(&["13800138000"]).await;
        desk.settle().await;
        desk.turn_and_settle("2018-09-11T11:59:59.999+08:00").await;
        assert_eq!(desk.caught().len(), 1);
        desk.turn_and_settle("2018-09-11T12:00+08:00").await;
        let row = desk.first(id).await;
        assert_eq!((row.noon_at, row.manual_resends), (None, 0));
        assert_eq!(row.expires_at, at("2018-09-12T13:00+08:00"));
        assert_eq!(row.first_sent_at, Some(at("2018-09-10T13:00+08:00")));
        let inbox = desk.inbox().await;
        assert_eq!(inbox.iter().map(|(row, _)| row.kind).collect::<Vec<_>>(), [MessageKind::Noon, MessageKind::First]);
        assert_ne!(inbox[0].1.code, inbox[1].1.code);
        assert!(inbox[0].1.text.contains("请于9月12日13:00前完成"), "{}", inbox[0].1.text);
        desk.turn_and_settle("2018-09-12T12:59:59.999+08:00").await;
        assert_eq!(desk.caught().len(), 2);
        assert_eq!(desk.count(id, EventType::NoonResend).await, 1);
        assert_eq!(desk.count(id, EventType::VerificationSent).await, 1);
    }

    async fn all_of_a_request_get_theirs_at_once(db) {
        let desk = Desk::new(db, "2018-09-10T13:00+08:00").await;
        let phones: Vec<String> = (0..30).map(|n| format!("138001380{n:02}")).collect();
        let phones: Vec<&str> = phones.iter().map(String::as_str).collect();
        let id = desk.file(&phones).await;
        desk.settle().await;
        let first = desk.first(id).await.id;
        desk.change(id, |request| request.pass(first, at("2018-09-10T13:00+08:00"))).await;
        desk.turn_and_settle("2018-09-11T12:00+08:00").await;
        assert_eq!(desk.caught().len(), 30 + 29);
        assert_eq!(desk.count(id, EventType::NoonResend).await, 29);
    }

    async fn there_is_none_without_five_minutes_left(db) {
        // 24 hours in 浙江: from 12:05 on exactly five minutes are left at noon
        for (sent, noon) in [
            ("2018-09-24T09:00+08:00", None),
            ("2018-09-24T12:00+08:00", None),
            ("2018-09-24T12:04:59+08:00", None),
            ("2018-09-24T12:04:59.999+08:00", None),
            ("2018-09-24T12:05+08:00", Some("2018-09-25T12:00+08:00")),
            ("2018-09-24T23:59:59.999+08:00", Some("2018-09-25T12:00+08:00")),
        ] {
            let desk = Desk::new(db, sent).await;
            let id = desk.file_in("zhejiang", &["13800138000"]).await;
            desk.settle().await;
            assert_eq!(desk.first(id).await.noon_at, noon.map(at), "{sent}");
            desk.turn_and_settle("2018-09-25T12:00+08:00").await;
            assert_eq!(desk.caught().len(), if noon.is_some() { 2 } else { 1 }, "{sent}");
        }
    }

    async fn expiry_comes_before_noon(db) {
        // accepted on the first day, and for the other phone on the second: deadline and noon meet on the third
        let late = at("2018-09-11T10:00+08:00");
        let script = move |sms: &heyan::sms::SmsMessage, now| match sms.phone.as_str() {
            "13900139000" if now < late => Some(Sent::Retry { after: Some(late - now) }),
            _ => Some(accepted()),
        };
        let desk = Desk::scripted(db, "2018-09-10T12:00+08:00", script).await;
        let id = desk.file(&["13800138000", "13900139000"]).await;
        desk.settle().await;
        desk.turn(late);
        desk.settle().await;
        desk.turn_and_settle("2018-09-11T12:00+08:00").await;
        assert_eq!(desk.caught().len(), 4);
        let view = desk.view(id).await;
        let [first, second] = [&view.verifications[0].row, &view.verifications[1].row];
        assert_eq!((first.expires_at, second.noon_at), (at("2018-09-12T12:00+08:00"), Some(at("2018-09-12T12:00+08:00"))));
        desk.turn_and_settle("2018-09-12T12:00+08:00").await;
        let view = desk.view(id).await;
        assert_eq!(view.row.state, RequestState::Returned);
        assert_eq!(view.verifications[1].row.state, VerificationState::Cancelled);
        assert_eq!(desk.caught().len(), 4, "no SMS for a request that has just gone back");
        assert_eq!(desk.count(id, EventType::NoonResend).await, 1);
    }

    async fn a_noon_that_was_missed_comes_the_same_day_or_not_at_all(db) {
        for (back, sent, left) in [
            ("2018-09-11T18:00+08:00", 2, Some("2018-09-12T13:00+08:00")),
            ("2018-09-11T23:59:59.999+08:00", 2, Some("2018-09-12T13:00+08:00")),
            ("2018-09-12T00:00+08:00", 1, Some("2018-09-12T13:00+08:00")),
            ("2018-09-12T11:59+08:00", 1, Some("2018-09-12T13:00+08:00")),
        ] {
            let desk = Desk::new(db, "2018-09-10T13:00+08:00").await;
            let id = desk.file(&["13800138000"]).await;
            desk.settle().await;
            desk.turn_and_settle(back).await;
            assert_eq!(desk.caught().len(), sent, "{back}");
            let row = desk.first(id).await;
            assert_eq!((row.noon_at, Some(row.expires_at)), (None, left.map(at)), "{back}");
            assert_eq!(desk.count(id, EventType::NoonResend).await, sent - 1, "{back}");
            desk.change(id, |request| request.withdraw(at(back)).unwrap()).await;
        }
    }

    async fn a_missed_one_needs_five_minutes_too(db) {
        for (back, sent) in [("2018-09-25T12:55+08:00", 2), ("2018-09-25T12:55:00.001+08:00", 1)] {
            let desk = Desk::new(db, "2018-09-24T13:00+08:00").await;
            let id = desk.file_in("zhejiang", &["13800138000"]).await;
            desk.settle().await;
            desk.turn_and_settle(back).await;
            assert_eq!((desk.caught().len(), desk.first(id).await.noon_at), (sent, None), "{back}");
            assert_eq!(next_due(&desk.services).await.unwrap(), Some(at("2018-09-25T13:00+08:00")));
            desk.change(id, |request| request.withdraw(at(back)).unwrap()).await;
            desk.turn_and_settle("2019-06-01T00:00+08:00").await;
        }
    }
}
