//! The result panel of an outcome, and how far a request is.

use askama::Template;
use chrono::{DateTime, Utc};

pub use crate::flow::told::Next;

use crate::domain::{
    time::chinese_time,
    words::{FilingKind, Outcome, RequestState, ReturnReason},
};

/// The result above the h1; it has the focus (`parts/panel.html`).
#[derive(Debug, Clone, Template)]
#[template(path = "parts/panel.html")]
pub struct Panel {
    /// The page's `data-outcome`.
    pub outcome: Outcome,
    /// 核验完成, 核验失败, 没有找到记录, 短信已重发 or 短信未重发; the page's title begins with it.
    pub heading: &'static str,
    /// The outcome's sentence without 尊敬的ICP用户：.
    pub sentence: String,
    /// What to do next.
    pub next: Next,
    /// After `wrong` and `verified_waiting`.
    pub how_far: Option<HowFar>,
}

/// The colours of a panel.
enum Tone {
    Success,
    Notice,
    Error,
}

impl Panel {
    /// `9月11日 09:00`
    #[expect(clippy::unused_self, reason = "the template calls it")]
    fn time(&self, at: &DateTime<Utc>) -> String {
        chinese_time(*at)
    }

    fn tone(&self) -> Tone {
        match self.outcome {
            Outcome::VerifiedAll
            | Outcome::VerifiedWaiting
            | Outcome::AlreadyVerified
            | Outcome::Resent => Tone::Success,
            Outcome::Wrong | Outcome::AskProvider => Tone::Error,
            Outcome::NotFound
            | Outcome::TryAgain
            | Outcome::ResendLimit
            | Outcome::NothingPending => Tone::Notice,
        }
    }
}

/// How far a request is: its steps, or a notice once it is returned or withdrawn (`parts/how_far.html`).
#[derive(Debug, Clone, Template)]
#[template(path = "parts/how_far.html")]
pub struct HowFar {
    /// What is filed.
    pub kind: FilingKind,
    /// Where it stands.
    pub state: RequestState,
    /// Why it was returned.
    pub return_reason: Option<ReturnReason>,
    /// What to do after the return, by kind.
    pub return_advice: Option<String>,
    /// The bureau reviews the new number first (a `change_phone` whose policy says so): four steps.
    pub reviewed: bool,
    /// How many have to verify; 0: nobody.
    pub people: u32,
    /// How many have.
    pub verified: u32,
}

/// One step of the way to the bureau.
struct Step {
    name: StepName,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StepName {
    Submitted,
    Review,
    Verification,
    HandOver,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Done,
    Current,
    Ahead,
}

impl HowFar {
    /// Whether it went back or was taken back: no steps then.
    pub fn is_off(&self) -> bool {
        matches!(self.state, RequestState::Returned | RequestState::Withdrawn)
    }

    fn steps(&self) -> Vec<Step> {
        let mut names = vec![
            StepName::Submitted,
            StepName::Verification,
            StepName::HandOver,
        ];
        if self.reviewed {
            names.insert(1, StepName::Review);
        }
        let here = self.here();
        let current = names
            .iter()
            .position(|&name| name == here)
            .unwrap_or_default();
        let place = |index: usize| match index.cmp(&current) {
            std::cmp::Ordering::Less => Place::Done,
            std::cmp::Ordering::Equal => Place::Current,
            std::cmp::Ordering::Greater => Place::Ahead,
        };
        names
            .into_iter()
            .enumerate()
            .map(|(index, name)| Step {
                name,
                place: place(index),
            })
            .collect()
    }

    fn here(&self) -> StepName {
        match self.state {
            RequestState::AwaitingPhoneReview => StepName::Review,
            RequestState::Verifying => StepName::Verification,
            RequestState::HandedOver | RequestState::Returned | RequestState::Withdrawn => {
                StepName::HandOver
            }
        }
    }

    /// The current step's number, from 1.
    fn current(&self) -> usize {
        self.steps()
            .iter()
            .position(|step| step.place == Place::Current)
            .map_or(0, |index| index + 1)
    }
}
