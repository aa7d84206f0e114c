//! The life of a filing request and its verifications: pure transitions. Each returns what happened, for the log.
//!
//! `awaiting_phone_review` → `verifying` → `handed_over` | `returned`; also `withdrawn`. What has ended never changes again.

mod answer;
mod progress;

use chrono::{DateTime, TimeDelta, Utc};

pub use answer::{NotNow, Resent, Tried};
pub use progress::Progress;

use super::{
    event::Event,
    ids::VerificationId,
    policy::Policy,
    time::{SHANGHAI, noon_after},
    verification::Verification,
    words::{EventType, FilingKind, RequestState, ReturnReason, VerificationState},
};

type At = DateTime<Utc>;

/// A noon resend leaves at least this long to answer; else there is none.
const NOON_LEAST: TimeDelta = TimeDelta::minutes(5);

/// A filing request with the verifications it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is filed.
    pub kind: FilingKind,
    /// How far it is.
    pub state: RequestState,
    /// Why it went back.
    pub return_reason: Option<ReturnReason>,
    /// What the bureau said of it.
    pub return_detail: Option<String>,
    /// The policy of the submission; none where the province was not covered.
    pub policy: Option<Policy>,
    /// One verification of it is enough (S2: 有一个验证通过即可).
    pub one_pass: bool,
    /// When its verifications were made: submission or approval.
    pub started_at: Option<At>,
    /// When it was handed over, returned or withdrawn.
    pub ended_at: Option<At>,
    /// When the bureau got it.
    pub handed_over_at: Option<At>,
    /// One for each distinct phone, in the filing's order.
    pub verifications: Vec<Verification>,
}

impl Request {
    /// A request as submitted, which verifies these phones: at once, or after the bureau's review where there is one (S2).
    pub fn submitted(
        kind: FilingKind,
        policy: Option<Policy>,
        one_pass: bool,
        phones: &[VerificationId],
        now: At,
    ) -> (Self, Vec<Event>) {
        let mut request = Self {
            kind,
            state: RequestState::AwaitingPhoneReview,
            return_reason: None,
            return_detail: None,
            policy,
            one_pass,
            started_at: None,
            ended_at: None,
            handed_over_at: None,
            verifications: Vec::new(),
        };
        let mut events = vec![Event::of_request(EventType::Submitted)];
        if !request.is_reviewed() {
            events.extend(request.open(phones, now));
        }
        (request, events)
    }

    /// The bureau reviews this request before anybody is verified.
    pub fn is_reviewed(&self) -> bool {
        let policy = self.policy.as_ref();
        policy.is_some_and(|policy| policy.reviews(self.kind))
    }

    /// Starts the verifications of these phones; nobody to verify: it is handed over at once.
    fn open(&mut self, phones: &[VerificationId], now: At) -> Vec<Event> {
        let Some(policy) = self.policy.as_ref().filter(|_| !phones.is_empty()) else {
            return self.hand_over(now);
        };
        let expires_at = now + policy.validity();
        self.verifications = phones
            .iter()
            .map(|&id| Verification::new(id, expires_at))
            .collect();
        self.state = RequestState::Verifying;
        self.started_at = Some(now);
        vec![Event::of_request(EventType::Verifying)]
    }

    /// The bureau agrees to the new number: the verifications start now, by the policy of the submission.
    ///
    /// # Errors
    /// It is not under review.
    pub fn approve(&mut self, phones: &[VerificationId], now: At) -> Result<Vec<Event>, NotNow> {
        self.must_be(RequestState::AwaitingPhoneReview)?;
        let mut events = vec![Event::of_request(EventType::PhoneApproved)];
        events.extend(self.open(phones, now));
        Ok(events)
    }

    /// The bureau does not agree to the new number.
    ///
    /// # Errors
    /// It is not under review.
    pub fn reject(&mut self, detail: Option<String>, now: At) -> Result<Vec<Event>, NotNow> {
        self.must_be(RequestState::AwaitingPhoneReview)?;
        self.return_detail = detail;
        Ok(self.give_back(ReturnReason::PhoneChangeRejected, now))
    }

    /// The provider takes it back.
    ///
    /// # Errors
    /// It has ended.
    pub fn withdraw(&mut self, now: At) -> Result<Vec<Event>, NotNow> {
        if self.ended_at.is_some() {
            return Err(NotNow);
        }
        let mut events = self.end(RequestState::Withdrawn, now);
        events.push(Event::of_request(EventType::Withdrawn));
        Ok(events)
    }

    /// Code and tail were right: verified. The last one (of a one-pass request the first) hands the request over.
    pub fn pass(&mut self, id: VerificationId, now: At) -> Vec<Event> {
        let Some(verification) = self.live(id, now) else {
            return Vec::new();
        };
        verification.end(VerificationState::Verified, now);
        verification.verified_at = Some(now);
        let mut events = vec![Event::of(EventType::VerificationVerified, id)];
        if self.one_pass || self.verifications.iter().all(Verification::is_verified) {
            events.extend(self.hand_over(now));
        }
        events
    }

    /// Code or tail was wrong: a try is charged. The last one fails it, and its request goes back at once.
    pub fn wrong_try(&mut self, id: VerificationId, now: At) -> (Tried, Vec<Event>) {
        let most = self
            .policy
            .as_ref()
            .map_or(0, |policy| policy.max_wrong_tries);
        let Some(verification) = self.live(id, now) else {
            return (Tried::Failed, Vec::new());
        };
        verification.wrong_tries += 1;
        let left = most.saturating_sub(verification.wrong_tries);
        let mut events = vec![Event::of(EventType::WrongTry, id).with("tries_left", left)];
        if left > 0 {
            return (Tried::Left(left), events);
        }
        events.extend(self.fail(id, ReturnReason::TooManyWrongTries, now));
        (Tried::Failed, events)
    }

    /// Every gateway refused the number for good, and none ever took an SMS to it: that fails the verification.
    pub fn undeliverable(&mut self, id: VerificationId, now: At) -> Vec<Event> {
        match self.live(id, now) {
            Some(verification) if verification.first_sent_at.is_none() => {
                self.fail(id, ReturnReason::Undeliverable, now)
            }
            _ => Vec::new(),
        }
    }

    /// Ends what is out of time.
    pub fn expire(&mut self, now: At) -> Vec<Event> {
        let mut events = Vec::new();
        for verification in &mut self.verifications {
            if verification.is_pending() && verification.expires_at <= now {
                verification.end(VerificationState::Expired, now);
                events.push(Event::of(EventType::VerificationExpired, verification.id));
            }
        }
        if !events.is_empty() {
            events.extend(self.give_back_unless_passable(ReturnReason::Expired, now));
        }
        events
    }

    /// A gateway accepted an SMS. The first starts the window and sets the noon resend.
    pub fn sms_accepted(&mut self, id: VerificationId, now: At) -> Vec<Event> {
        let Some(policy) = self.policy.as_ref() else {
            return Vec::new();
        };
        let (validity, noon_resend) = (policy.validity(), policy.noon_resend);
        match self.live(id, now) {
            Some(verification) if verification.first_sent_at.is_none() => {
                verification.first_sent_at = Some(now);
                verification.expires_at = now + validity;
                let noon = noon_after(now);
                let in_time = verification.expires_at - noon >= NOON_LEAST;
                verification.noon_at = (noon_resend && in_time).then_some(noon);
                vec![Event::of(EventType::VerificationSent, id)]
            }
            _ => Vec::new(),
        }
    }

    /// The first SMS is held back by a ceiling or by a gateway's pace: until one is accepted, the deadline is the hold's
    /// end and the validity.
    pub fn held_until(&mut self, id: VerificationId, until: At, now: At) {
        let validity = self.policy.as_ref().map(Policy::validity);
        if let (Some(validity), Some(verification)) = (validity, self.live(id, now))
            && verification.first_sent_at.is_none()
        {
            verification.expires_at = verification.expires_at.max(until + validity);
        }
    }

    /// The principal asks for another SMS.
    pub fn resend(&mut self, id: VerificationId, now: At) -> (Resent, Vec<Event>) {
        let most = self
            .policy
            .as_ref()
            .map_or(0, |policy| policy.max_manual_resends);
        match self.live(id, now) {
            None => (Resent::Limit, Vec::new()),
            Some(verification) if verification.first_sent_at.is_none() => {
                (Resent::FirstOnItsWay, Vec::new())
            }
            Some(verification) if verification.manual_resends >= most => {
                (Resent::Limit, Vec::new())
            }
            Some(verification) => {
                verification.manual_resends += 1;
                let left = most - verification.manual_resends;
                let event = Event::of(EventType::ManualResend, id).with("resends_left", left);
                (Resent::Yes, vec![event])
            }
        }
    }

    /// Noon: true when the SMS is due now. Late (the system was down) it is sent the same day only; never with less than
    /// five minutes left. Either way it is settled.
    pub fn noon(&mut self, id: VerificationId, now: At) -> (bool, Vec<Event>) {
        let Some(verification) = self.verifications.iter_mut().find(|one| one.id == id) else {
            return (false, Vec::new());
        };
        let Some(noon) = verification.noon_at.filter(|noon| *noon <= now) else {
            return (false, Vec::new());
        };
        verification.noon_at = None;
        let today = now.with_timezone(&SHANGHAI).date_naive();
        let same_day = noon.with_timezone(&SHANGHAI).date_naive() == today;
        if same_day && verification.is_live(now) && verification.expires_at - now >= NOON_LEAST {
            (true, vec![Event::of(EventType::NoonResend, id)])
        } else {
            (false, Vec::new())
        }
    }

    /// A verification that can still be answered: its request is verifying too.
    fn live(&mut self, id: VerificationId, now: At) -> Option<&mut Verification> {
        if self.state != RequestState::Verifying {
            return None;
        }
        let mut verifications = self.verifications.iter_mut();
        verifications.find(|one| one.id == id && one.is_live(now))
    }

    fn must_be(&self, state: RequestState) -> Result<(), NotNow> {
        if self.state == state {
            Ok(())
        } else {
            Err(NotNow)
        }
    }

    fn fail(&mut self, id: VerificationId, reason: ReturnReason, now: At) -> Vec<Event> {
        if let Some(verification) = self.verifications.iter_mut().find(|one| one.id == id) {
            verification.end(VerificationState::Failed, now);
        }
        let failed = Event::of(EventType::VerificationFailed, id).with("reason", reason.as_str());
        let mut events = vec![failed];
        events.extend(self.give_back_unless_passable(reason, now));
        events
    }

    /// One failure is enough to send a request back; where one pass is enough, only when none can pass any more.
    fn give_back_unless_passable(&mut self, reason: ReturnReason, now: At) -> Vec<Event> {
        if self.one_pass && self.verifications.iter().any(Verification::is_pending) {
            return Vec::new();
        }
        self.give_back(reason, now)
    }

    fn give_back(&mut self, reason: ReturnReason, now: At) -> Vec<Event> {
        self.return_reason = Some(reason);
        let mut events = self.end(RequestState::Returned, now);
        events.push(Event::returned(reason));
        events
    }

    fn hand_over(&mut self, now: At) -> Vec<Event> {
        self.handed_over_at = Some(now);
        let mut events = self.end(RequestState::HandedOver, now);
        events.push(Event::of_request(EventType::HandedOver));
        events
    }

    /// Ends the request; whoever had yet to answer need not any more.
    fn end(&mut self, state: RequestState, now: At) -> Vec<Event> {
        self.state = state;
        self.ended_at = Some(now);
        let pending = self.verifications.iter_mut().filter(|one| one.is_pending());
        pending
            .map(|verification| {
                verification.end(VerificationState::Cancelled, now);
                Event::of(EventType::VerificationCancelled, verification.id)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
