//! The face of our own: each character as a few strokes in a box 14 high, y downwards.

#![expect(clippy::cast_precision_loss, reason = "cells: small numbers")]

use super::{Glyph, MARGIN, TALL};

/// Half a stroke's width.
const HALF: f32 = 0.85;

type Point = (f32, f32);

enum Stroke {
    /// From point to point.
    Line(&'static [Point]),
    /// Smoothly through all of them.
    Curve(&'static [Point]),
}

use Stroke::{Curve, Line};

const EIGHT: &[Point] = &[
    (5.0, 6.6),
    (2.2, 5.0),
    (1.6, 2.5),
    (2.8, 0.5),
    (5.0, 0.0),
    (7.2, 0.5),
    (8.4, 2.5),
    (7.8, 5.0),
    (5.0, 6.6),
    (1.8, 8.5),
    (0.8, 11.0),
    (2.2, 13.4),
    (5.0, 14.0),
    (7.8, 13.4),
    (9.2, 11.0),
    (8.2, 8.5),
    (5.0, 6.6),
];

const SHAPES: &[(char, &[Stroke])] = &[
    (
        '2',
        &[
            Curve(&[
                (0.8, 3.4),
                (2.2, 0.8),
                (5.0, 0.0),
                (8.4, 1.2),
                (8.8, 4.2),
                (6.8, 7.8),
                (3.6, 11.0),
                (1.0, 14.0),
            ]),
            Line(&[(1.0, 14.0), (9.6, 14.0)]),
        ],
    ),
    (
        '4',
        &[Line(&[(7.2, 14.0), (7.2, 0.0), (0.4, 9.6), (10.0, 9.6)])],
    ),
    (
        '5',
        &[
            Line(&[(9.0, 0.0), (2.2, 0.0), (1.6, 6.2)]),
            Curve(&[
                (1.6, 6.2),
                (4.6, 5.2),
                (8.0, 6.2),
                (9.4, 9.4),
                (8.0, 12.7),
                (4.6, 14.0),
                (0.8, 12.8),
            ]),
        ],
    ),
    ('8', &[Curve(EIGHT)]),
    (
        '9',
        &[Curve(&[
            (1.8, 13.6),
            (5.2, 12.2),
            (8.0, 8.6),
            (9.0, 4.2),
            (7.8, 1.0),
            (5.0, 0.0),
            (2.0, 1.1),
            (0.8, 4.1),
            (2.2, 7.0),
            (5.0, 7.8),
            (7.8, 6.6),
            (9.0, 4.2),
        ])],
    ),
    (
        'W',
        &[Line(&[
            (0.0, 0.0),
            (3.0, 14.0),
            (6.4, 3.0),
            (9.8, 14.0),
            (12.8, 0.0),
        ])],
    ),
    (
        'Y',
        &[
            Line(&[(0.2, 0.0), (5.0, 7.0), (9.8, 0.0)]),
            Line(&[(5.0, 7.0), (5.0, 14.0)]),
        ],
    ),
];

pub(super) fn all() -> impl Iterator<Item = Glyph> {
    SHAPES
        .iter()
        .map(|&(character, strokes)| shape(character, strokes))
}

fn shape(character: char, strokes: &[Stroke]) -> Glyph {
    let lines: Vec<Vec<Point>> = strokes.iter().map(Stroke::points).collect();
    let wide = lines
        .iter()
        .flatten()
        .fold(0.0, |wide: f32, point| wide.max(point.0));
    // the box and half a stroke on each side
    let cell = (14.0 + 2.0 * HALF) / TALL as f32;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "above zero"
    )]
    let width = ((wide + 2.0 * HALF) / cell) as usize;
    let at = |n: usize| (n as f32 - MARGIN as f32 + 0.5) * cell - HALF;
    Glyph::new(character, width, |x, y| {
        let point = (at(x), at(y));
        let pairs = lines.iter().flat_map(|line| line.windows(2));
        let nearest = pairs.map(|pair| to_segment(point, pair[0], pair[1]));
        (nearest.fold(f32::MAX, f32::min).sqrt() - HALF) / cell
    })
}

impl Stroke {
    /// As a line from point to point.
    fn points(&self) -> Vec<Point> {
        match self {
            Line(points) => points.to_vec(),
            Curve(points) => {
                let last = points.len() - 1;
                let smooth = |n: usize| {
                    let near =
                        [n.saturating_sub(1), n, n + 1, (n + 2).min(last)].map(|n| points[n]);
                    [0.0, 0.25, 0.5, 0.75].map(|t| between(near, t))
                };
                (0..last).flat_map(smooth).chain([points[last]]).collect()
            }
        }
    }
}

/// A Catmull-Rom spline's point between the two in the middle.
fn between([before, from, to, after]: [Point; 4], t: f32) -> Point {
    let (square, cube) = (t * t, t * t * t);
    let along = |before: f32, from: f32, to: f32, after: f32| {
        let bent = (2.0 * before - 5.0 * from + 4.0 * to - after) * square;
        let twisted = (3.0 * from - before - 3.0 * to + after) * cube;
        0.5 * (2.0 * from + (to - before) * t + bent + twisted)
    };
    (
        along(before.0, from.0, to.0, after.0),
        along(before.1, from.1, to.1, after.1),
    )
}

/// The square of the distance.
fn to_segment(point: Point, from: Point, to: Point) -> f32 {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let along = ((px * x + py * y) / (x * x + y * y).max(1e-6)).clamp(0.0, 1.0);
    let (x, y) = (px - x * along, py - y * along);
    x * x + y * y
}
