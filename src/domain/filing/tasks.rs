//! Who is verified: one task for each distinct phone of a request (same phone = same person; S0, S2, S3).

use super::{Filing, Principal};
use crate::domain::{
    id_document::IdTail, phone::Phone, policy::Policy, text::redacted_debug, words::FilingKind,
};

/// One phone to verify.
#[derive(Clone, PartialEq, Eq)]
pub struct Task {
    /// Where the SMS goes: the new number where it changed.
    pub phone: Phone,
    /// The name of the first person with that phone.
    pub name: String,
    /// The last six characters of that person's document.
    pub id_tail: IdTail,
    /// JSON pointers of the principals it stands for.
    pub principals: Vec<String>,
}

redacted_debug!(Task);

impl Filing {
    /// The phones that must be verified under a policy, in the filing's order; empty: nobody, the request goes straight on.
    pub fn tasks(&self, policy: &Policy) -> Vec<Task> {
        let mut tasks: Vec<Task> = Vec::new();
        if !policy.verifies(self.kind) {
            return tasks;
        }
        for (pointer, principal) in self.principals() {
            if !self.must_verify(principal, policy) {
                continue;
            }
            match tasks.iter_mut().find(|task| task.phone == principal.phone) {
                Some(task) => task.principals.push(pointer),
                None => tasks.push(Task {
                    phone: principal.phone.clone(),
                    name: principal.name.clone(),
                    id_tail: principal.document.id_tail(policy.hk_macau_tail),
                    principals: vec![pointer],
                }),
            }
        }
        tasks
    }

    /// The phones of principals that none of these tasks verifies, each once.
    pub fn phones_beside(&self, tasks: &[Task]) -> Vec<&Phone> {
        let mut phones: Vec<&Phone> = Vec::new();
        for (_, Principal { phone, .. }) in self.principals() {
            if !phones.contains(&phone) && tasks.iter().all(|task| task.phone != *phone) {
                phones.push(phone);
            }
        }
        phones
    }

    /// Everybody the request carries, but in pilot 1 not whose phone a `change` leaves as it is (S0: 不变更,不验证).
    fn must_verify(&self, principal: &Principal, policy: &Policy) -> bool {
        self.kind != FilingKind::Change
            || policy.verify_unchanged_phone
            || principal.previous_phone.is_some()
    }
}

#[cfg(test)]
mod tests;
