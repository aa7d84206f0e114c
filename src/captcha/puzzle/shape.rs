//! Closed lines: turned, stretched and bent, and filled into a small mask.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pixels: small numbers, none below zero where it matters"
)]

use rand::Rng;
use rand_chacha::ChaCha12Rng;

use crate::captcha::curves::{between, direction};

use super::symbols::Symbol;

pub(super) type Point = (f32, f32);

/// Closed lines, around the origin.
#[derive(Clone)]
pub(super) struct Shape(pub Vec<Vec<Point>>);

/// Steps that each side of a line is cut into, so that it can be bent.
const STEPS: u8 = 5;

impl Shape {
    /// A symbol as somebody might draw it: turned by up to 42° either way, mirrored, stretched, slanted and bent, larger or
    /// smaller; `reach` is from its middle to its edges before that, in pixels.
    pub fn drawn(symbol: &Symbol, reach: f32, rng: &mut ChaCha12Rng) -> Self {
        let (cos, sin) = direction(between(rng, -0.38, 0.38));
        let reach = reach * between(rng, 0.78, 1.0);
        let stretch = between(rng, 0.8, 1.25);
        let mirror = if rng.random() { 1.0 } else { -1.0 };
        let slant = between(rng, -0.28, 0.28);
        let bend = Bend::any(rng);
        let place = |(x, y): Point| {
            let (x, y) = bend.at((x * mirror, y));
            let (x, y) = ((x + y * slant) * stretch, y / stretch);
            ((x * cos - y * sin) * reach, (x * sin + y * cos) * reach)
        };
        let lines = symbol.lines.iter().map(|line| {
            let points: Vec<_> = line
                .iter()
                .map(|&(x, y)| (f32::from(x) / 100.0, f32::from(y) / 100.0))
                .collect();
            cut(&points, symbol.round).into_iter().map(place).collect()
        });
        Self(lines.collect())
    }

    /// The same, turned by an angle given as half its tangent.
    pub fn turned(&self, half: f32) -> Self {
        let (cos, sin) = direction(half);
        let line = |line: &Vec<Point>| {
            line.iter()
                .map(|&(x, y)| (x * cos - y * sin, x * sin + y * cos))
                .collect()
        };
        Self(self.0.iter().map(line).collect())
    }

    /// The same in a mirror.
    pub fn mirrored(&self) -> Self {
        let line = |line: &Vec<Point>| line.iter().map(|&(x, y)| (-x, y)).collect();
        Self(self.0.iter().map(line).collect())
    }

    /// How much of each pixel it covers, 0 to 1, in a square mask of `size` around the point `at` of it.
    pub fn fill(&self, size: usize, at: Point) -> Vec<f32> {
        // in each row of pixels so many lines are followed
        const SCANS: f32 = 3.0;
        let last = size as f32 * SCANS;
        // where the shape's lines cross them
        let mut crossings = Vec::with_capacity(8 * size);
        for line in &self.0 {
            for (from, to) in line.iter().zip(line.iter().cycle().skip(1)) {
                let (upper, lower) = if from.1 < to.1 {
                    (from, to)
                } else {
                    (to, from)
                };
                let scan =
                    |point: &Point| ((point.1 + at.1) * SCANS + 0.5).clamp(0.0, last) as usize;
                let rise = (lower.0 - upper.0) / (lower.1 - upper.1);
                for scan in scan(upper)..scan(lower) {
                    let down = (scan as f32 + 0.5) / SCANS - at.1 - upper.1;
                    crossings.push((scan, upper.0 + down * rise + at.0));
                }
            }
        }
        crossings.sort_unstable_by(|one, next| (one.0.cmp(&next.0)).then(one.1.total_cmp(&next.1)));
        let mut mask = vec![0.0; size * size];
        for inside in crossings.chunks_exact(2) {
            let row = inside[0].0 / SCANS as usize * size;
            let (from, to) = (inside[0].1.max(0.0), inside[1].1.min(size as f32));
            for x in from as usize..to.ceil().max(0.0) as usize {
                let cover = to.min(x as f32 + 1.0) - from.max(x as f32);
                mask[row + x] += cover.max(0.0) / SCANS;
            }
        }
        mask
    }
}

/// More points on a closed line, on a curve through them or on its straight sides.
fn cut(points: &[Point], round: bool) -> Vec<Point> {
    let count = points.len();
    let point = |at: usize| points[at % count];
    let mut all = Vec::with_capacity(count * usize::from(STEPS));
    for at in 0..count {
        let (before, from, to, after) = (
            point(at + count - 1),
            point(at),
            point(at + 1),
            point(at + 2),
        );
        for step in 0..STEPS {
            let t = f32::from(step) / f32::from(STEPS);
            let along = |a: f32, b: f32, c: f32, d: f32| {
                if round {
                    // Catmull and Rom's curve
                    b + 0.5
                        * t
                        * (c - a
                            + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
                } else {
                    b + t * (c - b)
                }
            };
            all.push((
                along(before.0, from.0, to.0, after.0),
                along(before.1, from.1, to.1, after.1),
            ));
        }
    }
    all
}

/// Moves the corners and the middle of the square, and all between with them.
struct Bend([[Point; 3]; 3]);

impl Bend {
    fn any(rng: &mut ChaCha12Rng) -> Self {
        const FAR: f32 = 0.25;
        let mut moved = [[(0.0, 0.0); 3]; 3];
        for point in moved.iter_mut().flatten() {
            *point = (between(rng, -FAR, FAR), between(rng, -FAR, FAR));
        }
        Self(moved)
    }

    fn at(&self, (x, y): Point) -> Point {
        let (across, down) = (cell(x), cell(y));
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let moved = |of: fn(&Point) -> f32| {
            let at = |row: usize, column: usize| of(&self.0[row][column]);
            let upper = mix(at(down.0, across.0), at(down.0, across.0 + 1), across.1);
            let lower = mix(
                at(down.0 + 1, across.0),
                at(down.0 + 1, across.0 + 1),
                across.1,
            );
            mix(upper, lower, down.1)
        };
        (x + moved(|point| point.0), y + moved(|point| point.1))
    }
}

/// Which half of ±1 a coordinate is in, and how far into it, 0 to 1.
fn cell(at: f32) -> (usize, f32) {
    if at < 0.0 {
        (0, (at + 1.0).max(0.0))
    } else {
        (1, at.min(1.0))
    }
}
