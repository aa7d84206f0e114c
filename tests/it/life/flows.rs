//! The same stories through the flows, on both engines.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use heyan::{
    domain::ids::RequestId,
    flow::{FlowError, review_phone, told::Next, withdraw},
    sms::{Gateway, Gateways, Sent, SmsMessage},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};

use super::{
    Page, Seen, Subject,
    model::{Code, Era, Filed, Hint, Model, Ms, Said, Verdict},
};
use crate::world::{World, long_or, on_engines, other_than, told};

/// A gateway that does to one phone what it is told, and nothing to the others yet; or takes everything.
#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Option<(u8, Verdict)>>>);

impl Scripted {
    fn verdict(&self, phone: u8) -> Verdict {
        match *self.0.lock().unwrap() {
            None => Verdict::Accept,
            Some((one, verdict)) if one == phone => verdict,
            Some(_) => Verdict::NotNow,
        }
    }
}

impl Gateway for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        let phone = message.phone.as_str()[10..].parse().unwrap();
        let sent = match self.verdict(phone) {
            Verdict::Accept => Sent::Accepted {
                references: Vec::new(),
            },
            Verdict::Refuse => Sent::Refused,
            Verdict::Hold(long) => Sent::Hold {
                until: now + TimeDelta::milliseconds(long),
            },
            Verdict::NotNow => Sent::Retry {
                after: Some(TimeDelta::milliseconds(1)),
            },
        };
        std::future::ready(sent).boxed()
    }
}

struct Flows<'a> {
    world: &'a World,
    gateway: Scripted,
    era: Era,
    requests: Vec<RequestId>,
    /// The codes of each verification of each request, oldest first.
    codes: Vec<Vec<Vec<String>>>,
}

impl Flows<'_> {
    fn page(&self, page: Page) -> Option<heyan::domain::province::Province> {
        let (here, elsewhere) = super::provinces(self.era);
        match page {
            Page::Bureau => Some(here),
            Page::National => None,
            Page::Elsewhere => Some(elsewhere),
        }
    }

    async fn read_codes(&mut self) {
        let messages = self.world.messages().await;
        let before = std::mem::take(&mut self.codes);
        for id in &self.requests {
            let mut codes = Vec::new();
            for one in self.world.view(*id).await.verifications {
                let own = messages
                    .iter()
                    .filter(|message| message.verification == one.row.id);
                codes.push(own.map(|message| message.code.clone()).collect());
            }
            self.codes.push(codes);
        }
        // a message that was taken back cannot be read any more: its code is known from before
        for (now, before) in self.codes.iter_mut().zip(before) {
            for (now, before) in now.iter_mut().zip(before) {
                let gone = before.into_iter().filter(|code| !now.contains(code));
                *now = gone.chain(now.iter().cloned()).collect();
            }
        }
    }
}

impl Subject for Flows<'_> {
    async fn submit(&mut self, filed: &Filed) {
        let view = self.world.submit(super::draft(self.era, filed)).await;
        self.requests.push(view.row.id);
        self.read_codes().await;
    }

    async fn answer(&mut self, code: Code, phone: u8, document: Option<u8>, page: Page) -> Said {
        let code = match code {
            Some((life, person, n)) => self.codes[life][person][n].clone(),
            None => other_than(&self.codes.concat().concat()),
        };
        let who = super::who(phone, 0);
        let tail = super::tail(phone, document);
        let answer = told(
            self.world
                .verify(self.page(page), &code, &who.phone, &tail)
                .await,
        );
        let hint = match answer.next {
            Next::TriesLeft(left) => Hint::TriesLeft(left),
            Next::UseLatestCode => Hint::UseLatest,
            Next::Waiting {
                people, verified, ..
            } => Hint::Done(verified, people),
            _ => Hint::None,
        };
        Said(answer.outcome.as_str(), hint)
    }

    async fn resend(&mut self, phone: u8, document: Option<u8>, page: Page) -> &'static str {
        let (who, tail) = (super::who(phone, 0), super::tail(phone, document));
        let answer = told(self.world.resend(self.page(page), &who.phone, &tail).await);
        self.read_codes().await;
        answer.outcome.as_str()
    }

    async fn review(&mut self, request: usize, approve: bool) -> bool {
        let answer =
            review_phone::review_phone(&self.world.services, self.requests[request], approve, None)
                .await;
        self.read_codes().await;
        match answer {
            Ok(_) => true,
            Err(FlowError::Ended(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    async fn withdraw(&mut self, request: usize) -> bool {
        let world = self.world;
        match withdraw::withdraw(&world.services, world.provider, self.requests[request]).await {
            Ok(_) => true,
            Err(FlowError::Ended(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    async fn deliver(&mut self, model: &mut Model, who: (usize, usize), verdict: Verdict) {
        let phone = model.lives[who.0].people[who.1].phone;
        *self.gateway.0.lock().unwrap() = Some((phone, verdict));
        self.run(model).await;
        *self.gateway.0.lock().unwrap() = None;
    }

    async fn turn(&mut self, now: Ms) {
        self.world
            .set(DateTime::from_timestamp_millis(now).unwrap());
    }

    async fn due(&mut self, model: &mut Model) {
        self.run(model).await;
    }

    async fn seen(&mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        for (number, id) in self.requests.iter().enumerate() {
            let view = self.world.view(*id).await;
            let people = view.verifications.iter().enumerate().map(|(place, one)| {
                let row = &one.row;
                let pending = row.state.as_str() == "pending";
                (
                    row.state.to_string(),
                    u32::try_from(row.wrong_tries).unwrap(),
                    u32::try_from(row.manual_resends).unwrap(),
                    self.codes[number].get(place).map_or(0, Vec::len),
                    pending.then(|| row.expires_at.timestamp_millis()),
                )
            });
            seen.push(Seen {
                state: view.row.state.to_string(),
                reason: view.row.return_reason.map(|reason| reason.to_string()),
                people: people.collect(),
            });
        }
        seen
    }
}

impl Flows<'_> {
    /// What is due: deadlines, noon, and the outbox.
    async fn run(&mut self, model: &mut Model) {
        model.sweep();
        model.deliver_due(|phone| self.gateway.verdict(phone));
        self.world.settle().await;
        self.read_codes().await;
        // queued at noon and taken back in the same round, when another's refusal ended the request: nobody knows that code
        for (life, codes) in model.lives.iter_mut().zip(&self.codes) {
            for place in 0..life.people.len() {
                if life.person_is(&life.people[place]) != "pending" {
                    let person = &mut life.people[place];
                    person.codes = person.codes.min(codes.get(place).map_or(0, Vec::len));
                }
            }
        }
    }
}

on_engines! {
    async fn any_story_goes_as_the_model_says(engine) {
        let cases = long_or(12, 400);
        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            proptest::test_runner::TestRng::from_seed(
                proptest::test_runner::RngAlgorithm::ChaCha,
                &[u8::try_from(long_or(1, 2)).unwrap(); 32],
            ),
        );
        for _ in 0..cases {
            let (era, start, story) = super::story(30).new_tree(&mut runner).unwrap().current();
            let gateway = Scripted::default();
            let now = heyan::domain::time::rfc3339(DateTime::from_timestamp_millis(start).unwrap());
            let own = gateway.clone();
            let world = World::with(engine, &now, |services| services.gateways = Gateways::one(own)).await;
            let mut flows = Flows { world: &world, gateway, era, requests: Vec::new(), codes: Vec::new() };
            super::live(era, start, &story, &mut flows).await;
        }
    }
}
