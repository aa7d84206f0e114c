//! The rules alone: many stories, since they cost nothing.

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use heyan::domain::{
    filing::Filing,
    ids::VerificationId,
    judge::{Candidate, Judgement, judge},
    policy::{Policy, Timeline},
    request::{Request, Resent, Tried},
    words::RequestState,
};
use proptest::test_runner::{Config, TestRunner};

use super::{
    Page, Seen, Subject,
    model::{Code, Era, Filed, Hint, Model, Ms, Said, Verdict},
};

struct One {
    request: Request,
    phones: Vec<(u8, VerificationId)>,
    document: u8,
    /// SMS queued for each.
    codes: Vec<usize>,
}

struct Pure {
    era: Era,
    policy: Policy,
    now: DateTime<Utc>,
    lives: Vec<One>,
    ids: u8,
}

impl Pure {
    fn new(era: Era, now: Ms) -> Self {
        let now = DateTime::from_timestamp_millis(now).unwrap();
        let timeline = Timeline::built_in().unwrap();
        let policy = timeline
            .at(super::provinces(era).0, now)
            .unwrap()
            .as_ref()
            .clone();
        Self {
            era,
            policy,
            now,
            lives: Vec::new(),
            ids: 0,
        }
    }

    /// Every verification of a phone that a page sees.
    fn of_phone(&self, phone: u8, page: Page) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        for (life, one) in self.lives.iter().enumerate() {
            for person in 0..one.request.verifications.len() {
                if one.phones[person].0 == phone && page != Page::Elsewhere {
                    all.push((life, person));
                }
            }
        }
        all
    }

    fn is_live(&self, (life, person): (usize, usize)) -> bool {
        let request = &self.lives[life].request;
        request.state == RequestState::Verifying && request.verifications[person].is_live(self.now)
    }

    fn run_due(&mut self) {
        for one in &mut self.lives {
            one.request.expire(self.now);
            for (person, (_, id)) in one.phones.iter().enumerate() {
                let (due, _) = one.request.noon(*id, self.now);
                if due {
                    one.codes[person] += 1;
                }
            }
        }
    }
}

impl Subject for Pure {
    async fn submit(&mut self, filed: &Filed) {
        let filing = Filing::parse(super::draft(self.era, filed), Some(&self.policy)).unwrap();
        let mut phones = Vec::new();
        for task in filing.tasks(&self.policy) {
            let phone: u8 = task.phone.as_str()[10..].parse().unwrap();
            self.ids += 1;
            phones.push((phone, VerificationId::new(self.now, [self.ids; 10])));
        }
        let ids: Vec<_> = phones.iter().map(|(_, id)| *id).collect();
        let policy = Some(self.policy.clone());
        let (request, _) =
            Request::submitted(filing.kind, policy, filing.one_pass(), &ids, self.now);
        let codes = vec![1; request.verifications.len()];
        self.lives.push(One {
            request,
            phones,
            document: filed.document,
            codes,
        });
    }

    async fn answer(&mut self, code: Code, phone: u8, document: Option<u8>, page: Page) -> Said {
        let all = self.of_phone(phone, page);
        let candidates: Vec<_> = all
            .iter()
            .map(|&(life, person)| Candidate {
                state: self.lives[life].request.verifications[person].state,
                live: self.is_live((life, person)),
                request_state: self.lives[life].request.state,
                code_right: code.is_some_and(|code| (code.0, code.1) == (life, person)),
                tail_right: Some(self.lives[life].document) == document,
            })
            .collect();
        match judge(&candidates) {
            Judgement::Pass(place) => {
                let (life, person) = all[place];
                let one = &mut self.lives[life];
                one.request.pass(one.phones[person].1, self.now);
                if one.request.state == RequestState::HandedOver {
                    Said("verified_all", Hint::None)
                } else {
                    let progress = one.request.progress();
                    Said(
                        "verified_waiting",
                        Hint::Done(progress.verified, progress.people),
                    )
                }
            }
            Judgement::UseNewest(_) => Said("wrong", Hint::UseLatest),
            Judgement::AlreadyVerified(_) => Said("already_verified", Hint::None),
            Judgement::AskProvider(_) => Said("ask_provider", Hint::None),
            Judgement::NotFound => Said("not_found", Hint::None),
            Judgement::Charge(places) => {
                let mut fewest = u32::MAX;
                for place in places {
                    let (life, person) = all[place];
                    let one = &mut self.lives[life];
                    fewest = fewest.min(
                        match one.request.wrong_try(one.phones[person].1, self.now).0 {
                            Tried::Left(left) => left,
                            Tried::Failed => 0,
                        },
                    );
                }
                if fewest == 0 {
                    Said("ask_provider", Hint::None)
                } else {
                    Said("wrong", Hint::TriesLeft(fewest))
                }
            }
        }
    }

    async fn resend(&mut self, phone: u8, document: Option<u8>, page: Page) -> &'static str {
        let mut own = self.of_phone(phone, page);
        own.retain(|&who| Some(self.lives[who.0].document) == document && self.is_live(who));
        if own.is_empty() {
            return "nothing_pending";
        }
        let mut said = "resend_limit";
        for (life, person) in own {
            let one = &mut self.lives[life];
            match one.request.resend(one.phones[person].1, self.now).0 {
                Resent::Yes => {
                    one.codes[person] += 1;
                    said = "resent";
                }
                Resent::FirstOnItsWay => said = "resent",
                Resent::Limit => {}
            }
        }
        said
    }

    async fn review(&mut self, request: usize, approve: bool) -> bool {
        let one = &mut self.lives[request];
        let ids: Vec<_> = one.phones.iter().map(|(_, id)| *id).collect();
        let done = if approve {
            one.request.approve(&ids, self.now)
        } else {
            one.request.reject(None, self.now)
        };
        one.codes.resize(one.request.verifications.len(), 1);
        done.is_ok()
    }

    async fn withdraw(&mut self, request: usize) -> bool {
        self.lives[request].request.withdraw(self.now).is_ok()
    }

    async fn deliver(&mut self, model: &mut Model, who: (usize, usize), verdict: Verdict) {
        model.deliver(who, verdict);
        let one = &mut self.lives[who.0];
        let id = one.phones[who.1].1;
        match verdict {
            Verdict::Accept => drop(one.request.sms_accepted(id, self.now)),
            Verdict::Refuse => drop(one.request.undeliverable(id, self.now)),
            Verdict::Hold(long) => {
                let until = self.now + chrono::TimeDelta::milliseconds(long);
                one.request.held_until(id, until, self.now);
            }
            Verdict::NotNow => {}
        }
    }

    async fn turn(&mut self, now: Ms) {
        self.now = DateTime::from_timestamp_millis(now).unwrap();
    }

    async fn due(&mut self, model: &mut Model) {
        model.sweep();
        self.run_due();
    }

    async fn seen(&mut self) -> Vec<Seen> {
        let of = |one: &One| {
            let people = one
                .request
                .verifications
                .iter()
                .zip(&one.codes)
                .map(|(person, codes)| {
                    let deadline = person
                        .is_pending()
                        .then(|| person.expires_at.timestamp_millis());
                    (
                        person.state.to_string(),
                        person.wrong_tries,
                        person.manual_resends,
                        *codes,
                        deadline,
                    )
                });
            Seen {
                state: one.request.state.to_string(),
                reason: one.request.return_reason.map(|reason| reason.to_string()),
                people: people.collect(),
            }
        };
        self.lives.iter().map(of).collect()
    }
}

#[test]
fn any_story_goes_as_the_model_says() {
    let cases = u32::try_from(crate::world::long_or(2_000, 30_000)).unwrap();
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let stories = super::story(60);
    runner
        .run(&stories, |(era, start, story)| {
            let mut pure = Pure::new(era, start);
            super::live(era, start, &story, &mut pure)
                .now_or_never()
                .expect("nothing waits in the domain");
            Ok(())
        })
        .unwrap();
}
