//! How a puzzle's piece came to where it stands: drawn by hand, put there by taps, or moved by keys; each may follow the
//! other. It is asked for what every person's movement has and costs nobody anything: time, steps, an uneven hand. That a
//! program can make one up is known; it has to, and to find the place besides.
//!
//! As text: marks with `;` between, each a letter (`d` drawn, `t` tapped, `k` key), the milliseconds since the picture was
//! shown, a comma, and the position in pixels along the line: `t900,120;d1200,122;d1216,127`.

/// The longest trail: a browser thins out what is longer.
const MARKS: usize = 400;
/// Nobody has looked at all slots sooner, in milliseconds since the picture was shown.
const GLANCE: u32 = 400;
/// Two taps of one finger are so many milliseconds apart.
const TAPS: u32 = 40;
/// A drawn way that is shorter, in pixels, is a mere touching up, of which little is to be seen.
const SHORT: u32 = 24;

/// A trail, in the order of its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail(Vec<Mark>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    how: How,
    /// Milliseconds since the picture was shown.
    at: u32,
    position: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Drawn,
    Tapped,
    Key,
}

impl Trail {
    /// Reads a trail; `None`: it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.split(';').count() > MARKS {
            return None;
        }
        text.split(';')
            .map(Mark::parse)
            .collect::<Option<_>>()
            .map(Self)
    }

    /// It ends at this position, in the way of a person. `reach`: what a key moves the piece by at most, to
    /// the next row; `length`: the line's, which keys reach the ends of at once; both in pixels.
    pub(super) fn is_a_persons(&self, position: u32, reach: u32, length: u32) -> bool {
        let marks = &self.0;
        let in_order = marks.windows(2).all(|two| two[0].at <= two[1].at);
        let ends = marks
            .last()
            .is_some_and(|last| last.position == position && last.at >= GLANCE);
        if !in_order || !ends || marks.iter().any(|mark| mark.position > length) {
            return false;
        }
        let mut from = 0;
        marks.chunk_by(|one, next| one.how == next.how).all(|run| {
            let start = std::mem::replace(&mut from, run[run.len() - 1].position);
            match run[0].how {
                How::Drawn => is_drawn(run),
                How::Tapped => run.windows(2).all(|two| two[1].at - two[0].at >= TAPS),
                How::Key => {
                    let before = std::iter::once(start).chain(run.iter().map(|mark| mark.position));
                    before.zip(run).all(|(before, mark)| {
                        let at_end = mark.position == 0 || mark.position == length;
                        at_end || mark.position.abs_diff(before) <= reach
                    })
                }
            }
        })
    }
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let (how, numbers) = text.split_at_checked(1)?;
        let how = match how {
            "d" => How::Drawn,
            "t" => How::Tapped,
            "k" => How::Key,
            _ => return None,
        };
        let (at, position) = numbers.split_once(',')?;
        let number = |text: &str| (text.len() <= 8).then(|| text.parse().ok())?;
        Some(Self {
            how,
            at: number(at)?,
            position: number(position)?,
        })
    }
}

/// Several points in some time, and not at one speed from end to end.
fn is_drawn(run: &[Mark]) -> bool {
    let (first, last) = (run[0], run[run.len() - 1]);
    let positions = run.iter().map(|mark| mark.position);
    let reach = positions.clone().max().unwrap_or(0) - positions.min().unwrap_or(0);
    if reach < SHORT {
        return true;
    }
    let (took, way) = (
        f64::from(last.at - first.at),
        f64::from(last.position) - f64::from(first.position),
    );
    let strays = |mark: &Mark| {
        let evenly =
            f64::from(first.position) + way * f64::from(mark.at - first.at) / took.max(1.0);
        (f64::from(mark.position) - evenly).abs()
    };
    let most = run.iter().map(strays).fold(0.0, f64::max);
    run.len() >= 5 && took >= 80.0 && most >= 2.0_f64.max(0.02 * f64::from(reach))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(text: &str, position: u32) -> bool {
        Trail::parse(text).unwrap().is_a_persons(position, 76, 920)
    }

    #[test]
    fn hands_taps_and_keys_pass() {
        assert!(person(
            "d700,0;d716,3;d733,14;d750,40;d767,71;d784,88;d801,95;d830,97",
            97
        ));
        // along the line and back, then touched up
        assert!(person(
            "d500,20;d520,60;d540,130;d560,170;d590,150;d600,149;d2000,150;d2016,151",
            151
        ));
        assert!(person("t900,310", 310));
        assert!(person("t900,310;t1400,322;k1900,328;k1933,334", 334));
        assert!(person("k600,54;k700,108;k760,114;k790,120", 120));
        assert!(person("k600,920;k900,856", 856));
        // by PageUp from the end of a row to the next
        assert!(person("t900,255;k1300,256;k1700,332", 332));
    }

    #[test]
    fn machines_do_not() {
        // one speed from end to end
        let straight: Vec<_> = (0..20)
            .map(|n| format!("d{},{}", 600 + 16 * n, 10 * n))
            .collect();
        assert!(!person(&straight.join(";"), 190));
        // too few points, too little time
        assert!(!person("d600,0;d900,190", 190));
        assert!(!person("d600,0;d605,20;d610,90;d615,160;d620,190", 190));
        // nobody looked
        assert!(!person("t20,310", 310));
        assert!(!person("t900,100;t905,310", 310));
        // a key that jumps
        assert!(!person("k900,310", 310));
        // not to where it is said to stand, backwards in time, off the line
        assert!(!person("t900,310", 311));
        assert!(!person("t900,310;t800,310", 310));
        assert!(!person("t900,921", 921));
    }

    #[test]
    fn what_is_no_trail() {
        let long = vec!["t900,310"; MARKS + 1].join(";");
        for text in [
            "",
            ";",
            "x1,2",
            "d1",
            "d1,2,3",
            "d-1,2",
            "d1,999999999",
            "汉1,2",
            &long,
        ] {
            assert_eq!(Trail::parse(text), None, "{text}");
        }
    }
}
