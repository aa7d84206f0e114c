//! What a visitor is told. Kept sealed beside the captcha that was used, so that the same POST again reads the same.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{
    outcome,
    policy::Policy,
    request::Request,
    text::mask_name,
    words::{FilingKind, Outcome, RequestState, ReturnReason, Wording},
};

/// How a submission is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<A> {
    /// With its outcome (200).
    Answer(A),
    /// The captcha let it not pass (422).
    Captcha(CaptchaTrouble),
    /// 操作过于频繁 (429).
    Limited {
        /// Seconds until the window ends.
        retry_after: u64,
    },
}

/// What is wrong with the captcha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptchaTrouble {
    /// 图形验证错误: the answer is another.
    Wrong,
    /// 图形验证已过期: too old, used up by another form, or none of ours.
    Expired,
}

/// The outcome of a verification or resend, with all that its page says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What it came to.
    pub outcome: Outcome,
    /// Which era's sentences.
    pub wording: Wording,
    /// The masked name, where the policy names people.
    pub name: Option<String>,
    /// Something of that phone and tail has ended.
    pub ended_known: bool,
    /// What to do next.
    pub next: Next,
    /// How far the request is, where that is told.
    pub standing: Option<Standing>,
}

/// What a panel says under its sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Next {
    /// Nothing more.
    Nothing,
    /// So many tries are left.
    TriesLeft(u32),
    /// 请使用最新短信中的验证码.
    UseLatestCode,
    /// Compare what was typed with the filing.
    Compare,
    /// Others have yet to answer.
    Waiting {
        /// Phones to verify.
        people: u32,
        /// Of them verified.
        verified: u32,
        /// The earliest deadline of the others.
        deadline: Option<DateTime<Utc>>,
    },
    /// Ask the access provider.
    AskProvider,
    /// A new SMS is on its way.
    Resent {
        /// Resends used.
        used: u32,
        /// Resends allowed.
        allowed: u32,
        /// Until when it can be answered.
        deadline: Option<DateTime<Utc>>,
    },
}

/// How far a request is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What is filed.
    pub kind: FilingKind,
    /// How far it is.
    pub state: RequestState,
    /// Why it went back.
    pub return_reason: Option<ReturnReason>,
    /// The bureau reviews it before anybody is verified.
    pub reviewed: bool,
    /// Phones to verify.
    pub people: u32,
    /// Of them verified.
    pub verified: u32,
}

impl Answer {
    /// An outcome in an era's wording; the rest is added by `with_…`.
    pub(super) const fn new(outcome: Outcome, wording: Wording) -> Self {
        Self {
            outcome,
            wording,
            name: None,
            ended_known: false,
            next: Next::Nothing,
            standing: None,
        }
    }

    /// An outcome about a request of this policy, whose person has this name.
    pub(super) fn about(outcome: Outcome, policy: &Policy, name: Option<&str>) -> Self {
        let name = name.filter(|_| policy.name_in_messages);
        Self {
            name: name.map(mask_name),
            ..Self::new(outcome, policy.wording)
        }
    }

    pub(super) fn with_next(self, next: Next) -> Self {
        Self { next, ..self }
    }

    pub(super) fn with_standing(self, request: &Request) -> Self {
        Self {
            standing: Some(Standing::of(request)),
            ..self
        }
    }

    /// The outcome's sentence; the page writes 尊敬的ICP用户： before it.
    #[must_use]
    pub fn sentence(&self) -> String {
        outcome::sentence(
            self.outcome,
            self.wording,
            self.name.as_deref(),
            self.ended_known,
        )
    }

    /// The panel's heading.
    #[must_use]
    pub fn heading(&self) -> &'static str {
        outcome::heading(self.outcome)
    }
}

impl Standing {
    pub(super) fn of(request: &Request) -> Self {
        let progress = request.progress();
        Self {
            kind: request.kind,
            state: request.state,
            return_reason: request.return_reason,
            reviewed: request.is_reviewed(),
            people: progress.people,
            verified: progress.verified,
        }
    }
}
