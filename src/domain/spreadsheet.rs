//! Cells that a spreadsheet must not take for formulas (OWASP, CSV injection). Every table that is written for people goes
//! through here.

use std::borrow::Cow;

/// A spreadsheet may run what begins so; some take the full-width signs for the same.
fn begins_a_formula(cell: &str) -> bool {
    cell.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠',
    ])
}

/// The cell as text: with a `'` before what would begin a formula.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    if begins_a_formula(cell) {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}

/// The cell before [`harmless`].
pub fn original(cell: &str) -> &str {
    let rest = cell.strip_prefix('\'');
    rest.filter(|rest| begins_a_formula(rest)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_a_formula_becomes_text_and_comes_back() {
        for sign in [
            "=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠",
        ] {
            let cell = format!("{sign}cmd|' /C calc'!A0");
            let written = harmless(&cell);
            assert_eq!(written, format!("'{cell}"));
            assert_eq!(original(&written), cell);
        }
        for cell in ["", "a=1", "'", "'quoted'", "13800138000", " =1", "王"] {
            assert_eq!(harmless(cell), cell);
            assert_eq!(original(cell), cell);
        }
    }
}
