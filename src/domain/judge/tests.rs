//! Each numbered rule of matching, in a table.

use super::*;

const PENDING: Candidate = Candidate {
    state: VerificationState::Pending,
    live: true,
    request_state: RequestState::Verifying,
    code_right: false,
    tail_right: false,
};

fn ended(state: VerificationState, request_state: RequestState) -> Candidate {
    Candidate {
        state,
        live: false,
        request_state,
        ..PENDING
    }
}

fn code(one: Candidate) -> Candidate {
    Candidate {
        code_right: true,
        ..one
    }
}

fn tail(one: Candidate) -> Candidate {
    Candidate {
        tail_right: true,
        ..one
    }
}

fn both(one: Candidate) -> Candidate {
    code(tail(one))
}

#[test]
fn each_rule_in_its_order() {
    use Judgement as J;
    let verified = ended(VerificationState::Verified, RequestState::Verifying);
    let handed_over = ended(VerificationState::Verified, RequestState::HandedOver);
    let not_needed = ended(VerificationState::Cancelled, RequestState::HandedOver);
    let verified_in_returned = ended(VerificationState::Verified, RequestState::Returned);
    let cancelled_by_withdrawal = ended(VerificationState::Cancelled, RequestState::Withdrawn);
    let expired = ended(VerificationState::Expired, RequestState::Returned);
    // one-pass: it failed, the others may still pass
    let failed = ended(VerificationState::Failed, RequestState::Verifying);
    // out of time, and the job has not come to it yet
    let late = ended(VerificationState::Pending, RequestState::Verifying);
    let table: &[(&str, &[Candidate], J)] = &[
        ("1 both right", &[both(PENDING)], J::Pass(0)),
        (
            "1 both right, others of the phone wait",
            &[tail(PENDING), both(PENDING)],
            J::Pass(1),
        ),
        (
            "2 a newer one of that tail waits",
            &[both(expired), tail(PENDING)],
            J::UseNewest(1),
        ),
        (
            "2 verified, a newer one waits",
            &[both(handed_over), tail(PENDING)],
            J::UseNewest(1),
        ),
        (
            "2 another tail's waits",
            &[both(handed_over), PENDING],
            J::AlreadyVerified(0),
        ),
        ("2 verified", &[both(verified)], J::AlreadyVerified(0)),
        (
            "2 no longer needed",
            &[both(not_needed)],
            J::AlreadyVerified(0),
        ),
        (
            "2 verified but returned",
            &[both(verified_in_returned)],
            J::AskProvider(0),
        ),
        (
            "2 withdrawn",
            &[both(cancelled_by_withdrawal)],
            J::AskProvider(0),
        ),
        ("2 expired", &[both(expired)], J::AskProvider(0)),
        ("2 failed", &[both(failed)], J::AskProvider(0)),
        ("2 out of time", &[both(late)], J::AskProvider(0)),
        ("3 code alone", &[code(PENDING)], J::Charge(vec![0])),
        (
            "3 tail alone, every one it could have opened",
            &[tail(PENDING), PENDING, tail(PENDING)],
            J::Charge(vec![0, 2]),
        ),
        (
            "3 one's code, another's tail",
            &[code(PENDING), tail(PENDING)],
            J::Charge(vec![0, 1]),
        ),
        (
            "3 the ended are not charged",
            &[tail(handed_over), tail(PENDING)],
            J::Charge(vec![1]),
        ),
        ("4 verified", &[tail(handed_over)], J::AlreadyVerified(0)),
        (
            "4 code of a returned one",
            &[code(expired)],
            J::AskProvider(0),
        ),
        (
            "4 verified goes before returned",
            &[tail(expired), tail(verified)],
            J::AlreadyVerified(1),
        ),
        (
            "4 the newest of those returned",
            &[tail(expired), tail(failed)],
            J::AskProvider(1),
        ),
        ("5 neither", &[PENDING, expired, handed_over], J::NotFound),
        ("5 nobody", &[], J::NotFound),
    ];
    for (rule, candidates, expected) in table {
        assert_eq!(judge(candidates), *expected, "{rule}");
    }
}
