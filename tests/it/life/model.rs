//! The reference: the life of requests as the rules' text tells it. It keeps facts (who passed, whose tries are spent, who
//! withdrew) and works every state out from them; it shares no code, no numbers and no structure with the program.

use std::collections::BTreeSet;

pub type Ms = i64;
const HOUR: Ms = 3_600_000;
const DAY: Ms = 24 * HOUR;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    Pilot1,
    Pilots2And3,
    Nationwide,
}

/// The table of the eras.
struct Rules {
    hours: Ms,
    tries: u32,
    verifies: &'static [&'static str],
    unchanged_too: bool,
    reviewed: bool,
}

impl Era {
    fn rules(self) -> Rules {
        const ALWAYS: [&str; 5] = [
            "new_filing",
            "new_site",
            "new_access",
            "change",
            "change_phone",
        ];
        const ALL: [&str; 8] = [
            "new_filing",
            "new_site",
            "new_access",
            "change",
            "change_phone",
            "cancel_subject",
            "cancel_site",
            "cancel_access",
        ];
        const BUT_ACCESS: [&str; 7] = [
            "new_filing",
            "new_site",
            "new_access",
            "change",
            "change_phone",
            "cancel_subject",
            "cancel_site",
        ];
        match self {
            Self::Pilot1 => Rules {
                hours: 48,
                tries: 5,
                verifies: &ALWAYS,
                unchanged_too: false,
                reviewed: false,
            },
            Self::Pilots2And3 => Rules {
                hours: 24,
                tries: 3,
                verifies: &ALL,
                unchanged_too: true,
                reviewed: true,
            },
            Self::Nationwide => Rules {
                hours: 24,
                tries: 5,
                verifies: &BUT_ACCESS,
                unchanged_too: true,
                reviewed: true,
            },
        }
    }
}

/// In every era.
const RESENDS: u32 = 2;

/// A principal as filed: whose phone it is, and whether the number is a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    pub phone: u8,
    pub changed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    pub kind: &'static str,
    pub subject: Option<Role>,
    pub sites: Vec<Role>,
    /// Which of the documents of a phone its person shows here.
    pub document: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    Expired,
    TooManyWrongTries,
    Undeliverable,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    UnderReview,
    Verifying,
    HandedOver,
    Returned(&'static str),
    Withdrawn,
}

/// A phone of a request.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a plain record of what has happened"
)]
#[derive(Debug, Clone)]
pub struct Person {
    pub phone: u8,
    pub codes: usize,
    pub wrong: u32,
    pub resends: u32,
    pub sent: Option<Ms>,
    held: Ms,
    next_try: Ms,
    noon_settled: bool,
    passed: bool,
    dead: bool,
    late: bool,
}

#[derive(Debug, Clone)]
pub struct Life {
    phones: Vec<u8>,
    one_is_enough: bool,
    document: u8,
    opened: Option<Ms>,
    pub people: Vec<Person>,
    deaths: Vec<Cause>,
    rejected: bool,
    withdrawn: bool,
}

impl Life {
    pub fn fate(&self) -> Fate {
        let passed = self.people.iter().filter(|one| one.passed).count();
        let gone = self.people.iter().filter(|one| one.dead).count();
        let (enough, hopeless) = if self.one_is_enough {
            (passed > 0, gone == self.people.len())
        } else {
            (passed == self.people.len(), gone > 0)
        };
        if self.withdrawn {
            Fate::Withdrawn
        } else if self.rejected {
            Fate::Returned("phone_change_rejected")
        } else if self.opened.is_none() {
            Fate::UnderReview
        } else if enough || self.people.is_empty() {
            Fate::HandedOver
        } else if hopeless {
            Fate::Returned(match self.deaths.last() {
                Some(Cause::Expired) => "expired",
                Some(Cause::TooManyWrongTries) => "too_many_wrong_tries",
                _ => "undeliverable",
            })
        } else {
            Fate::Verifying
        }
    }

    /// The document that its persons show.
    pub fn document(&self) -> u8 {
        self.document
    }

    pub fn person_is(&self, person: &Person) -> &'static str {
        match person {
            one if one.passed => "verified",
            one if one.late => "expired",
            one if one.dead => "failed",
            _ if matches!(self.fate(), Fate::Verifying) => "pending",
            _ => "cancelled",
        }
    }
}

/// What a page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said(pub &'static str, pub Hint);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    None,
    TriesLeft(u32),
    UseLatest,
    Done(u32, u32),
}

/// What a gateway does with a first SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    Refuse,
    Hold(Ms),
    NotNow,
}

/// A code of life `.0`, person `.1`, the `.2`th; none: of nobody.
pub type Code = Option<(usize, usize, usize)>;

pub struct Model {
    era: Era,
    pub now: Ms,
    pub lives: Vec<Life>,
}

impl Model {
    pub fn new(era: Era, now: Ms) -> Self {
        Self {
            era,
            now,
            lives: Vec::new(),
        }
    }

    pub fn submit(&mut self, filed: &Filed) {
        let rules = self.era.rules();
        let mut phones = Vec::new();
        if rules.verifies.contains(&filed.kind) {
            for role in filed.subject.iter().chain(&filed.sites) {
                let concerned = filed.kind != "change" || rules.unchanged_too || role.changed;
                if concerned && !phones.contains(&role.phone) {
                    phones.push(role.phone);
                }
            }
        }
        let mut life = Life {
            phones,
            one_is_enough: filed.kind == "cancel_site" && filed.subject.is_some(),
            document: filed.document,
            opened: None,
            people: Vec::new(),
            deaths: Vec::new(),
            rejected: false,
            withdrawn: false,
        };
        if filed.kind != "change_phone" || !rules.reviewed {
            open(&mut life, self.now);
        }
        self.lives.push(life);
    }

    /// The bureau's answer; false: it is not asked.
    pub fn review(&mut self, life: usize, approve: bool) -> bool {
        let now = self.now;
        let life = &mut self.lives[life];
        if life.fate() != Fate::UnderReview {
            return false;
        }
        if approve {
            open(life, now);
        } else {
            life.rejected = true;
        }
        true
    }

    pub fn withdraw(&mut self, life: usize) -> bool {
        let life = &mut self.lives[life];
        let may = matches!(life.fate(), Fate::UnderReview | Fate::Verifying);
        life.withdrawn |= may;
        may
    }

    fn deadline(&self, (life, person): (usize, usize)) -> Ms {
        let life = &self.lives[life];
        let person = &life.people[person];
        let from = person
            .sent
            .unwrap_or_else(|| person.held.max(life.opened.unwrap()));
        from + self.era.rules().hours * HOUR
    }

    fn waits(&self, (life, person): (usize, usize)) -> bool {
        self.lives[life].person_is(&self.lives[life].people[person]) == "pending"
    }

    fn open(&self, who: (usize, usize)) -> bool {
        self.waits(who) && self.now < self.deadline(who)
    }

    pub fn everybody(&self) -> Vec<(usize, usize)> {
        let of =
            |(life, one): (usize, &Life)| (0..one.people.len()).map(move |person| (life, person));
        self.lives.iter().enumerate().flat_map(of).collect()
    }

    fn person(&mut self, who: (usize, usize)) -> &mut Person {
        &mut self.lives[who.0].people[who.1]
    }

    fn die(&mut self, who: (usize, usize), cause: Cause) {
        self.person(who).dead = true;
        self.lives[who.0].deaths.push(cause);
    }

    /// The instants at which something changes by itself.
    pub fn instants(&self) -> BTreeSet<Ms> {
        let waiting = self.everybody().into_iter().filter(|&who| self.waits(who));
        let both = waiting.flat_map(|who| [Some(self.deadline(who)), self.noon(who)]);
        both.flatten().filter(|at| *at > self.now).collect()
    }

    /// Noon of the day after the first SMS in Shanghai, if a resend comes then.
    fn noon(&self, who: (usize, usize)) -> Option<Ms> {
        let person = &self.lives[who.0].people[who.1];
        let sent = person.sent?;
        let noon = (sent + 8 * HOUR).div_euclid(DAY) * DAY + DAY + 12 * HOUR - 8 * HOUR;
        (!person.noon_settled && self.deadline(who) - noon >= 5 * 60_000).then_some(noon)
    }

    /// What falls due by itself: first the deadlines, then the noon resends.
    pub fn sweep(&mut self) {
        for life in 0..self.lives.len() {
            let late: Vec<_> = (0..self.lives[life].people.len())
                .map(|person| (life, person))
                .filter(|&who| self.waits(who) && self.deadline(who) <= self.now)
                .collect();
            for who in late {
                self.person(who).late = true;
                self.die(who, Cause::Expired);
            }
        }
        for who in self.everybody() {
            let Some(noon) = self
                .noon(who)
                .filter(|noon| self.waits(who) && *noon <= self.now)
            else {
                continue;
            };
            let day = |at: Ms| (at + 8 * HOUR).div_euclid(DAY);
            let sends = day(noon) == day(self.now) && self.deadline(who) - self.now >= 5 * 60_000;
            let person = self.person(who);
            person.noon_settled = true;
            person.codes += usize::from(sends);
        }
    }

    /// A gateway's answer to the first SMS of somebody.
    pub fn deliver(&mut self, who: (usize, usize), verdict: Verdict) {
        let now = self.now;
        if !self.open(who) || self.lives[who.0].people[who.1].sent.is_some() {
            return;
        }
        match verdict {
            Verdict::Accept => self.person(who).sent = Some(now),
            Verdict::Refuse => self.die(who, Cause::Undeliverable),
            Verdict::Hold(long) => {
                let person = self.person(who);
                person.held = person.held.max(now + long);
                person.next_try = now + long;
            }
            Verdict::NotNow => self.person(who).next_try = now + 1,
        }
    }

    /// The outbox's turn: every first SMS that may be tried now.
    pub fn deliver_due(&mut self, verdict: impl Fn(u8) -> Verdict) {
        for who in self.everybody() {
            let person = &self.lives[who.0].people[who.1];
            if person.next_try <= self.now {
                self.deliver(who, verdict(person.phone));
            }
        }
    }

    fn of_phone(&self, phone: Option<u8>) -> Vec<(usize, usize)> {
        let mut all = self.everybody();
        all.retain(|&(life, person)| Some(self.lives[life].people[person].phone) == phone);
        all
    }

    /// Code, phone (none: the page is another province's, or nobody's phone) and the document whose tail is typed.
    pub fn answer(&mut self, code: Code, phone: Option<u8>, document: Option<u8>) -> Said {
        let all = self.of_phone(phone);
        let code_fits =
            |who: &(usize, usize)| code.is_some_and(|(life, person, _)| (life, person) == *who);
        let tail_fits = |who: &(usize, usize)| Some(self.lives[who.0].document) == document;
        let fits: Vec<_> = all
            .iter()
            .map(|who| u8::from(code_fits(who)) + u8::from(tail_fits(who)))
            .collect();
        let pick = |how: u8| -> Vec<(usize, usize)> {
            all.iter()
                .zip(&fits)
                .filter(|(_, fit)| **fit == how)
                .map(|(who, _)| *who)
                .collect()
        };
        let (wholly, half) = (pick(2), pick(1));
        // 1
        if let Some(&who) = wholly.iter().find(|who| self.open(**who)) {
            self.person(who).passed = true;
            let life = &self.lives[who.0];
            if life.fate() == Fate::HandedOver {
                return Said("verified_all", Hint::None);
            }
            let done = life.people.iter().filter(|one| one.passed).count();
            let count = |n: usize| u32::try_from(n).unwrap();
            return Said(
                "verified_waiting",
                Hint::Done(count(done), count(life.people.len())),
            );
        }
        // 2
        if !wholly.is_empty() {
            if all.iter().any(|who| tail_fits(who) && self.open(*who)) {
                return Said("wrong", Hint::UseLatest);
            }
            return self.about_ended(&wholly);
        }
        // 3
        let charged: Vec<_> = half.iter().copied().filter(|who| self.open(*who)).collect();
        if !charged.is_empty() {
            let tries = self.era.rules().tries;
            let mut fewest = tries;
            for who in charged {
                self.person(who).wrong += 1;
                let left = tries - self.person(who).wrong;
                fewest = fewest.min(left);
                if left == 0 {
                    self.die(who, Cause::TooManyWrongTries);
                }
            }
            return match fewest {
                0 => Said("ask_provider", Hint::None),
                left => Said("wrong", Hint::TriesLeft(left)),
            };
        }
        // 4, 5
        if half.is_empty() {
            Said("not_found", Hint::None)
        } else {
            self.about_ended(&half)
        }
    }

    fn about_ended(&self, whom: &[(usize, usize)]) -> Said {
        let well = whom.iter().any(|&(life, person)| {
            let life = &self.lives[life];
            matches!(
                life.person_is(&life.people[person]),
                "verified" | "cancelled"
            ) && !matches!(life.fate(), Fate::Returned(_) | Fate::Withdrawn)
        });
        Said(
            if well {
                "already_verified"
            } else {
                "ask_provider"
            },
            Hint::None,
        )
    }

    pub fn resend(&mut self, phone: Option<u8>, document: Option<u8>) -> &'static str {
        let own: Vec<_> = self
            .of_phone(phone)
            .into_iter()
            .filter(|who| Some(self.lives[who.0].document) == document && self.open(*who))
            .collect();
        if own.is_empty() {
            return "nothing_pending";
        }
        let mut said = "resend_limit";
        for who in own {
            let person = self.person(who);
            if person.sent.is_none() {
                said = "resent";
            } else if person.resends < RESENDS {
                person.resends += 1;
                person.codes += 1;
                said = "resent";
            }
        }
        said
    }

    /// The deadline of somebody who can still answer.
    pub fn deadline_told(&self, who: (usize, usize)) -> Option<Ms> {
        self.waits(who).then(|| self.deadline(who))
    }
}

fn open(life: &mut Life, now: Ms) {
    life.opened = Some(now);
    let person = |&phone: &u8| Person {
        phone,
        codes: 1,
        wrong: 0,
        resends: 0,
        sent: None,
        held: 0,
        next_try: now,
        noon_settled: false,
        passed: false,
        dead: false,
        late: false,
    };
    life.people = life.phones.iter().map(person).collect();
}
