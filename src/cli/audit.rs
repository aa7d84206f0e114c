//! `audit verify`: the event log proved whole, or its first broken row named.

use super::{Failure, bar, print};
use crate::flow::{
    Services,
    audit::verify::{self, Mark},
};

/// Verifies, with a progress bar. `noted`: the mark that an earlier verification printed.
///
/// # Errors
/// The first that is broken; a mark that is none; what the database says.
pub async fn verify(services: &Services, noted: Option<&str>) -> Result<(), Failure> {
    let unreadable = |text: &str| {
        Failure::Arguments(format!(
            "--noted {text}: is not POSITION:HASH as an earlier `audit verify` printed it"
        ))
    };
    let noted = match noted {
        Some(text) => Some(Mark::parse(text).ok_or_else(|| unreadable(text))?),
        None => None,
    };
    let bar = bar(verify::count(services).await?, "links");
    let verified = verify::verify(services, noted.as_ref(), |at| bar.set_position(at)).await?;
    bar.finish_and_clear();
    match verified {
        Ok(whole) => print(&format!(
            "the audit log is whole: {} event(s) chained, {} waiting to be\n\
            its mark is {}; kept elsewhere, it shows later that nothing up to it was written anew (--noted MARK)\n",
            whole.links, whole.waiting, whole.mark
        )),
        Err(broken) => Err(Failure::Work(format!("the audit log is broken: {broken}"))),
    }
}
