//! What a submission means: which verification its code and tail open, and whom a wrong one is charged to.
//! The order of the rules decides; each is numbered as in docs/rules.md (matching and counting).

use super::words::{RequestState, VerificationState};

/// A verification of the phone typed, and what of the submission fits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// How far it is.
    pub state: VerificationState,
    /// Pending and in time, its request verifying.
    pub live: bool,
    /// How far its request is.
    pub request_state: RequestState,
    /// The code was sent for it.
    pub code_right: bool,
    /// The tail is its person's.
    pub tail_right: bool,
}

/// What a submission comes to; the numbers are places in the list of candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// 1: this one is verified.
    Pass(usize),
    /// 2: the code is an older one's, this newer one waits: wrong, charged to nobody, 请使用最新短信中的验证码.
    UseNewest(usize),
    /// 2, 4: verified or no longer needed, in a request that did not go back.
    AlreadyVerified(usize),
    /// 2, 4: ended otherwise.
    AskProvider(usize),
    /// 3: a wrong try of each of these.
    Charge(Vec<usize>),
    /// 5: nothing fits; charged to nobody, else whoever knows a phone number could have another's filing returned.
    NotFound,
}

/// Judges a submission by the candidates of its phone.
pub fn judge(candidates: &[Candidate]) -> Judgement {
    let both = |one: &Candidate| one.code_right && one.tail_right;
    let exactly_one = |one: &Candidate| one.code_right != one.tail_right;
    let find = |wanted: &dyn Fn(&Candidate) -> bool| candidates.iter().position(wanted);

    if let Some(place) = find(&|one| one.live && both(one)) {
        return Judgement::Pass(place);
    }
    if find(&both).is_some() {
        return match find(&|one| one.live && one.tail_right) {
            Some(newer) => Judgement::UseNewest(newer),
            None => ended(candidates, both),
        };
    }
    let charged: Vec<usize> = (0..candidates.len())
        .filter(|&place| candidates[place].live && exactly_one(&candidates[place]))
        .collect();
    if !charged.is_empty() {
        return Judgement::Charge(charged);
    }
    if find(&exactly_one).is_some() {
        return ended(candidates, exactly_one);
    }
    Judgement::NotFound
}

/// The ended candidates that fit: one that needs nothing more goes before the others.
fn ended(candidates: &[Candidate], fits: impl Fn(&Candidate) -> bool) -> Judgement {
    let needs_nothing = |one: &Candidate| {
        let done = matches!(
            one.state,
            VerificationState::Verified | VerificationState::Cancelled
        );
        let went_back = matches!(
            one.request_state,
            RequestState::Returned | RequestState::Withdrawn
        );
        done && !went_back
    };
    if let Some(place) = candidates
        .iter()
        .position(|one| fits(one) && needs_nothing(one))
    {
        return Judgement::AlreadyVerified(place);
    }
    // the newest tells best what became of it
    let newest = candidates.iter().rposition(fits);
    newest.map_or(Judgement::NotFound, Judgement::AskProvider)
}

#[cfg(test)]
mod tests;
