//! What a transition answers, beside its events.

/// The request is not in a state in which this can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNow;

/// What a wrong try led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// So many tries are left.
    Left(u32),
    /// None: the verification has failed.
    Failed,
}

/// What asking for another SMS led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// A new SMS is due.
    Yes,
    /// The first SMS is still on its way: nothing new, nothing counted.
    FirstOnItsWay,
    /// No resends are left: nothing happens (S3).
    Limit,
}
