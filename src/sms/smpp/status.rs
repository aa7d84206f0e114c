//! What an SMSC's `command_status` means for a message (SMPP 3.4, 5.1.3).

/// The class of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Too fast: the whole session pauses, and this message comes again.
    SlowDown,
    /// Another attempt may succeed.
    Again,
    /// Another gateway may succeed.
    Next,
    /// Account or configuration: no message can succeed until somebody mends it.
    Stop,
    /// This message never will.
    Refused,
}

/// Sorts a status other than 0, which accepts.
pub(super) fn verdict(status: u32) -> Verdict {
    match status {
        // ESME_RMSGQFUL, ESME_RTHROTTLED
        0x14 | 0x58 => Verdict::SlowDown,
        // ESME_RSYSERR, ESME_RX_T_APPN
        0x08 | 0x64 => Verdict::Again,
        // ESME_RSUBMITFAIL
        0x45 => Verdict::Next,
        // ESME_RINVBNDSTS, ESME_RINVSRCADR, ESME_RBINDFAIL, ESME_RINVPASWD, ESME_RINVSYSID
        0x04 | 0x0A | 0x0D | 0x0E | 0x0F => Verdict::Stop,
        // ESME_RINVDSTADR, and whatever else is wrong with this one message
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_class() {
        for (status, expected) in [
            (0x58, Verdict::SlowDown),
            (0x14, Verdict::SlowDown),
            (0x08, Verdict::Again),
            (0x64, Verdict::Again),
            (0x45, Verdict::Next),
            (0x04, Verdict::Stop),
            (0x0A, Verdict::Stop),
            (0x0D, Verdict::Stop),
            (0x0E, Verdict::Stop),
            (0x0F, Verdict::Stop),
            (0x0B, Verdict::Refused),
            (0x01, Verdict::Refused),
            (0xFF, Verdict::Refused),
            (0x0400, Verdict::Refused),
        ] {
            assert_eq!(verdict(status), expected, "{status:#06x}");
        }
    }
}
