//! The life of requests, against the model: what a provider, principals, strangers, gateways and the clock do, in any
//! order, leads to the same states, the same outcomes, the same tries left. At the domain alone, and through the flows.

mod flows;
mod model;
mod pure;

use model::{Code, Era, Filed, Model, Ms, Role, Said, Verdict};
use proptest::prelude::*;

/// Phones that people have; one more is nobody's.
const PHONES: u8 = 3;
/// Documents that a phone's person may show.
const DOCUMENTS: u8 = 2;
const MOST_REQUESTS: usize = 3;

/// Who does what. Numbers choose among what there is at that moment.
#[derive(Debug, Clone)]
enum Act {
    Submit(Filed),
    Answer {
        who: usize,
        code: Typed,
        tail: Typed,
        phone: Typed,
        page: Page,
    },
    Resend {
        who: usize,
        tail: Typed,
        page: Page,
    },
    Review {
        request: usize,
        approve: bool,
    },
    Withdraw {
        request: usize,
    },
    Deliver {
        who: usize,
        verdict: Verdict,
    },
    Turn(Jump),
    /// What has fallen due is run.
    Due,
}

#[derive(Debug, Clone, Copy)]
enum Typed {
    /// The newest of one's own.
    Own,
    /// An older one of one's own.
    Older(usize),
    /// Somebody else's.
    Others(usize),
    Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    Bureau,
    National,
    /// Another province's.
    Elsewhere,
}

#[derive(Debug, Clone, Copy)]
enum Jump {
    Ms(Ms),
    /// To the next instant at which something changes by itself, or so near it.
    Next(Ms),
}

/// What the model is compared with.
trait Subject {
    async fn submit(&mut self, filed: &Filed);
    async fn answer(&mut self, code: Code, phone: u8, document: Option<u8>, page: Page) -> Said;
    async fn resend(&mut self, phone: u8, document: Option<u8>, page: Page) -> &'static str;
    async fn review(&mut self, request: usize, approve: bool) -> bool;
    async fn withdraw(&mut self, request: usize) -> bool;
    /// Does what is due; the first SMS of this phone's person, or this very person's, meets this answer.
    async fn deliver(&mut self, model: &mut Model, who: (usize, usize), verdict: Verdict);
    async fn turn(&mut self, now: Ms);
    async fn due(&mut self, model: &mut Model);
    /// State and reason of each request, and of each person: state, wrong tries, resends, SMS, deadline while pending.
    async fn seen(&mut self) -> Vec<Seen>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    state: String,
    reason: Option<String>,
    people: Vec<(String, u32, u32, usize, Option<Ms>)>,
}

fn expected(model: &Model) -> Vec<Seen> {
    let lives = model.lives.iter().enumerate().map(|(number, life)| {
        let (state, reason) = match life.fate() {
            model::Fate::UnderReview => ("awaiting_phone_review", None),
            model::Fate::Verifying => ("verifying", None),
            model::Fate::HandedOver => ("handed_over", None),
            model::Fate::Withdrawn => ("withdrawn", None),
            model::Fate::Returned(reason) => ("returned", Some(reason.to_owned())),
        };
        let people = life.people.iter().enumerate().map(|(place, one)| {
            let deadline = model.deadline_told((number, place));
            (
                life.person_is(one).to_owned(),
                one.wrong,
                one.resends,
                one.codes,
                deadline,
            )
        });
        Seen {
            state: state.into(),
            reason,
            people: people.collect(),
        }
    });
    lives.collect()
}

/// Lives one story on both; panics where they differ.
async fn live(era: Era, start: Ms, story: &[Act], subject: &mut impl Subject) {
    let mut model = Model::new(era, start);
    for (step, act) in story.iter().enumerate() {
        act_on(&mut model, act, subject).await;
        let (seen, expected) = (subject.seen().await, expected(&model));
        assert_eq!(
            seen, expected,
            "{era:?}, after step {step}: {act:?}\nof {story:#?}"
        );
    }
}

async fn act_on(model: &mut Model, act: &Act, subject: &mut impl Subject) {
    let everybody = model.everybody();
    let pick = |number: usize| (!everybody.is_empty()).then(|| everybody[number % everybody.len()]);
    match act {
        Act::Submit(filed) => {
            if model.lives.len() < MOST_REQUESTS {
                model.submit(filed);
                subject.submit(filed).await;
            }
        }
        Act::Answer {
            who,
            code,
            tail,
            phone,
            page,
        } => {
            let Some((life, person)) = pick(*who) else {
                return;
            };
            let newest = model.lives[life].people[person].codes - 1;
            let code = match code {
                Typed::Own => Some((life, person, newest)),
                Typed::Older(n) => Some((life, person, n % (newest + 1))),
                Typed::Others(n) => pick(*n).map(|(life, person)| (life, person, 0)),
                Typed::Wrong => None,
            };
            let phone = match phone {
                Typed::Wrong => PHONES,
                Typed::Others(n) => pick(*n).map_or(PHONES, |(life, person)| {
                    model.lives[life].people[person].phone
                }),
                _ => model.lives[life].people[person].phone,
            };
            let document = document(model, life, *tail);
            let here = (*page != Page::Elsewhere && phone < PHONES).then_some(phone);
            let expected = model.answer(code, here, document);
            let said = subject.answer(code, phone, document, *page).await;
            assert_eq!(said, expected, "{act:?}");
        }
        Act::Resend { who, tail, page } => {
            let Some((life, person)) = pick(*who) else {
                return;
            };
            let phone = model.lives[life].people[person].phone;
            let document = document(model, life, *tail);
            let expected = model.resend((*page != Page::Elsewhere).then_some(phone), document);
            assert_eq!(
                subject.resend(phone, document, *page).await,
                expected,
                "{act:?}"
            );
        }
        Act::Review { request, approve } => {
            if !model.lives.is_empty() {
                let request = request % model.lives.len();
                let expected = model.review(request, *approve);
                assert_eq!(subject.review(request, *approve).await, expected, "{act:?}");
            }
        }
        Act::Withdraw { request } => {
            if !model.lives.is_empty() {
                let request = request % model.lives.len();
                let expected = model.withdraw(request);
                assert_eq!(subject.withdraw(request).await, expected, "{act:?}");
            }
        }
        Act::Deliver { who, verdict } => {
            if let Some(who) = pick(*who) {
                subject.deliver(model, who, *verdict).await;
            }
        }
        Act::Turn(jump) => {
            model.now = match jump {
                Jump::Ms(ms) => model.now + ms,
                Jump::Next(near) => match model.instants().first() {
                    Some(next) => (next + near).max(model.now),
                    None => model.now,
                },
            };
            subject.turn(model.now).await;
        }
        Act::Due => subject.due(model).await,
    }
}

/// Whose tail is typed.
fn document(model: &Model, life: usize, tail: Typed) -> Option<u8> {
    match tail {
        Typed::Own | Typed::Older(_) => Some(model.lives[life].document()),
        Typed::Others(n) => Some(u8::try_from(n % usize::from(DOCUMENTS)).unwrap()),
        Typed::Wrong => None,
    }
}

fn role(may_change: bool) -> impl Strategy<Value = Role> {
    (0..PHONES, any::<bool>()).prop_map(move |(phone, changed)| Role {
        phone,
        changed: changed && may_change,
    })
}

/// A filing of any kind, as that kind is shaped.
fn filed() -> impl Strategy<Value = Filed> {
    let kinds = prop_oneof![
        Just(("new_filing", 1, 0..3_usize)),
        Just(("new_site", 0, 1..4)),
        Just(("new_access", 0, 1..3)),
        Just(("change", 2, 0..3)),
        Just(("change_phone", 3, 0..1)),
        Just(("cancel_subject", 1, 0..1)),
        Just(("cancel_site", 2, 1..4)),
        Just(("cancel_access", 0, 1..3)),
    ];
    // 0: without, 1: with, 2: either, 3: subject or one site
    kinds.prop_flat_map(|(kind, subject, sites)| {
        let may_change = matches!(kind, "change" | "change_phone");
        let sites = proptest::collection::vec(role(may_change), sites);
        (role(may_change), sites, any::<bool>(), 0..DOCUMENTS).prop_map(
            move |(mut first, sites, either, document)| {
                first.changed |= subject == 3;
                let (subject, sites) = match subject {
                    0 => (None, sites),
                    1 => (Some(first), sites),
                    2 => (either.then_some(first), sites),
                    _ if either => (Some(first), vec![]),
                    _ => (None, vec![first]),
                };
                Filed {
                    kind,
                    subject,
                    sites,
                    document,
                }
            },
        )
    })
}

fn typed() -> impl Strategy<Value = Typed> {
    prop_oneof![
        5 => Just(Typed::Own),
        1 => (0..6_usize).prop_map(Typed::Older),
        1 => (0..6_usize).prop_map(Typed::Others),
        2 => Just(Typed::Wrong),
    ]
}

fn page() -> impl Strategy<Value = Page> {
    prop_oneof![6 => Just(Page::Bureau), 3 => Just(Page::National), 1 => Just(Page::Elsewhere)]
}

fn act() -> impl Strategy<Value = Act> {
    let phone = prop_oneof![9 => Just(Typed::Own), 1 => (0..6_usize).prop_map(Typed::Others), 1 => Just(Typed::Wrong)];
    let jump = prop_oneof![
        (0..5 * 60_000_i64).prop_map(Jump::Ms),
        (0..30 * 3_600_000_i64).prop_map(Jump::Ms),
        prop_oneof![-300_001..=-299_999_i64, -1..=1_i64, 0..7_200_000_i64].prop_map(Jump::Next),
    ];
    let verdict = prop_oneof![
        6 => Just(Verdict::Accept),
        1 => Just(Verdict::Refuse),
        1 => (1..20 * 3_600_000_i64).prop_map(Verdict::Hold),
        1 => Just(Verdict::NotNow),
    ];
    prop_oneof![
        8 => filed().prop_map(Act::Submit),
        32 => (0..9_usize, typed(), typed(), phone, page())
            .prop_map(|(who, code, tail, phone, page)| Act::Answer { who, code, tail, phone, page }),
        12 => (0..9_usize, typed(), page()).prop_map(|(who, tail, page)| Act::Resend { who, tail, page }),
        4 => (0..3_usize, prop::bool::weighted(0.8)).prop_map(|(request, approve)| Act::Review { request, approve }),
        1 => (0..3_usize).prop_map(|request| Act::Withdraw { request }),
        16 => (0..9_usize, verdict).prop_map(|(who, verdict)| Act::Deliver { who, verdict }),
        16 => jump.prop_map(Act::Turn),
        12 => Just(Act::Due),
    ]
}

/// A first filing, what follows, and how many hours after midnight it begins.
fn story(acts: usize) -> impl Strategy<Value = (Era, Ms, Vec<Act>)> {
    let era = prop_oneof![
        Just(Era::Pilot1),
        Just(Era::Pilots2And3),
        Just(Era::Nationwide)
    ];
    (
        era,
        0..24 * 3_600_000_i64,
        filed(),
        proptest::collection::vec(act(), 1..acts),
    )
        .prop_map(|(era, time_of_day, first, mut acts)| {
            acts.insert(0, Act::Submit(first));
            (era, midnight(era) + time_of_day, acts)
        })
}

/// A midnight in Shanghai on which the era's province has its policy.
fn midnight(era: Era) -> Ms {
    let midnight = match era {
        Era::Pilot1 => "2018-03-01T00:00+08:00",
        Era::Pilots2And3 => "2018-11-01T00:00+08:00",
        Era::Nationwide => "2021-03-01T00:00+08:00",
    };
    crate::world::at(midnight).timestamp_millis()
}

/// Where the era holds, and a province with another bureau.
fn provinces(
    era: Era,
) -> (
    heyan::domain::province::Province,
    heyan::domain::province::Province,
) {
    use heyan::domain::province::Province::{Beijing, Gansu, Hunan, Qinghai};
    match era {
        Era::Pilot1 => (Gansu, Qinghai),
        Era::Pilots2And3 => (Hunan, Qinghai),
        Era::Nationwide => (Beijing, Qinghai),
    }
}

/// The principal of a phone, who shows this document.
fn who(phone: u8, document: u8) -> crate::world::Who {
    crate::world::Who::new(
        &format!("1380013800{phone}"),
        "王小明",
        &format!("E123{document}{phone}678"),
    )
}

/// The tail of a document; none: a wrong one.
fn tail(phone: u8, document: Option<u8>) -> String {
    document.map_or_else(
        || "ZZZZZZ".to_owned(),
        |document| who(phone, document).tail().to_owned(),
    )
}

/// The filing as a provider writes it.
fn draft(era: Era, filed: &Filed) -> heyan::domain::filing::FilingDraft {
    let principal = |role: &Role| {
        let who = who(role.phone, filed.document);
        if role.changed {
            who.moved_from("13700137000")
        } else {
            who.json()
        }
    };
    let kind = heyan::domain::words::FilingKind::from_word(filed.kind).unwrap();
    let sites: Vec<_> = filed.sites.iter().map(principal).collect();
    crate::world::filing(
        provinces(era).0,
        kind,
        filed.subject.as_ref().map(principal),
        &sites,
    )
}
