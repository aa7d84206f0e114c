//! Where the slots are and what they show.
//!
//! A program without eyes compares the piece with each slot and takes the nearest, or by now the second nearest. So the right
//! slot shows the piece's thing drawn in its other way, and of several drawings of each thing those are taken that leave the
//! right slot, in the order of likeness, anywhere: the comparison then tells little.

use rand::{
    Rng,
    seq::{SliceRandom, index},
};
use rand_chacha::ChaCha12Rng;

use crate::captcha::curves::between;

use super::{
    ALONG, CELL, COLUMNS, ROW, ROWS, hardness,
    shape::{Point, Shape},
    symbols,
};

/// From the middle of a symbol to its edges, in pixels, before it is bent and stretched.
const REACH: f32 = 21.0;
/// Drawings of a thing that one is taken of.
const DRAWINGS: usize = 4;

pub(in super::super) struct Layout {
    /// The edge of the piece and of each slot.
    pub(super) outline: Shape,
    pub(super) piece: Shape,
    /// The right one first.
    pub(super) slots: Vec<Slot>,
}

pub(super) struct Slot {
    pub middle: Point,
    pub symbol: Shape,
}

impl Layout {
    pub fn any(level: u8, rng: &mut ChaCha12Rng) -> Self {
        let places = places(level, rng);
        let count = places.len();
        let kinds = index::sample(rng, symbols::ALL.len(), count);
        // the piece shows its thing in the one way, its slot in the other
        let own = rng.random_range(0..2);
        let piece = Shape::drawn(&symbols::ALL[kinds.index(0)][own], REACH, rng);
        let drawings = kinds.iter().enumerate().map(|(place, kind)| {
            let other = if place == 0 {
                1 - own
            } else {
                rng.random_range(0..2)
            };
            (0..DRAWINGS)
                .map(|_| Shape::drawn(&symbols::ALL[kind][other], REACH, rng))
                .collect()
        });
        let drawings: Vec<Vec<Shape>> = drawings.collect();
        // mostly more of them than not: so it comes out even once all is painted, which hides a part of the likeness
        let lots = [(); 4].map(|()| rng.random_range(0..count));
        let nearer = lots.into_iter().max().unwrap_or(0);
        let symbols = ranked(&piece, drawings, nearer);
        let slots = places.iter().zip(symbols).map(|(place, symbol)| Slot {
            middle: place.middle,
            symbol,
        });
        Self {
            outline: outline(rng),
            piece,
            slots: slots.collect(),
        }
    }

    /// How many slots a program that compares would take before the right one.
    #[cfg(test)]
    pub(super) fn nearer_than_right(&self) -> usize {
        let seen = Seen::of(&self.piece);
        let alike = |slot: &Slot| seen.alike(&slot.symbol);
        let right = alike(&self.slots[0]);
        self.slots[1..]
            .iter()
            .filter(|other| alike(other) > right)
            .count()
    }
}

/// Where the piece belongs. It is drawn before all else, so that judging costs no drawing.
pub(in super::super) struct Right {
    place: u32,
    tolerance: u32,
}

impl Right {
    /// That of the layout that the same random source gives.
    pub fn of(level: u8, rng: &mut ChaCha12Rng) -> Self {
        Self {
            place: places(level, rng)[0].along,
            tolerance: hardness(level).tolerance,
        }
    }

    /// The position that is right, in pixels along the line.
    pub fn place(&self) -> u32 {
        self.place
    }

    /// A piece at this position is in its slot.
    pub fn accepts(&self, position: u32) -> bool {
        position.abs_diff(self.place) <= self.tolerance
    }
}

/// The slots' places, the right one first.
fn places(level: u8, rng: &mut ChaCha12Rng) -> Vec<Place> {
    // the first cell is the piece's own
    let mut cells: Vec<u32> = (1..ROWS * COLUMNS).collect();
    cells.shuffle(rng);
    let places = cells.into_iter().map(Place::of);
    places.take(hardness(level).decoys + 1).collect()
}

struct Place {
    middle: Point,
    along: u32,
}

impl Place {
    /// The middle of a cell.
    fn of(cell: u32) -> Self {
        let (row, column) = (cell / COLUMNS, cell % COLUMNS);
        let across = column * CELL;
        let along = if row.is_multiple_of(2) {
            across
        } else {
            ALONG - across
        };
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let middle = (
            (across + CELL / 2) as f32,
            (row * ROW) as f32 + ROW as f32 / 2.0,
        );
        Self {
            middle,
            along: row * (ALONG + ROW) + along,
        }
    }
}

/// Of each thing's drawings one, the first thing being the piece's own, such that about `nearer` of the others look nearer
/// to the piece than its own does.
fn ranked(piece: &Shape, drawings: Vec<Vec<Shape>>, nearer: usize) -> Vec<Shape> {
    let seen = Seen::of(piece);
    let of_one = |drawings: &Vec<Shape>| drawings.iter().map(|one| seen.alike(one)).collect();
    let alike: Vec<Vec<f32>> = drawings.iter().map(of_one).collect();
    let (own, others) = (&alike[0], &alike[1..]);
    let can = |other: &[f32], mine: f32| other.iter().any(|&alike| alike > mine);
    let must = |other: &[f32], mine: f32| other.iter().all(|&alike| alike > mine);
    // the piece's own drawing for which that can best be had
    let miss = |mine: f32| {
        let at_least = others.iter().filter(|other| must(other, mine)).count();
        let at_most = others.iter().filter(|other| can(other, mine)).count();
        (
            at_least.saturating_sub(nearer) + nearer.saturating_sub(at_most),
            at_least,
        )
    };
    let best = (0..DRAWINGS)
        .min_by_key(|&way| miss(own[way]).0)
        .unwrap_or(0);
    let mine = own[best];
    let mut wanted = nearer.saturating_sub(miss(mine).1);
    let mut taken = vec![best];
    for other in others {
        let is_nearer = must(other, mine) || (can(other, mine) && wanted > 0);
        wanted -= usize::from(is_nearer && !must(other, mine));
        let fits = |&alike: &f32| (alike > mine) == is_nearer;
        taken.push(other.iter().position(fits).unwrap_or(0));
    }
    let one = |(mut drawings, way): (Vec<Shape>, usize)| drawings.swap_remove(way);
    drawings.into_iter().zip(taken).map(one).collect()
}

/// Side of the masks that are compared: a pixel of them is three wide.
const SMALL: usize = 22;

/// A shape as a comparing program sees it: what it covers and where its edges are, turned each way it might try.
struct Seen(Vec<[Vec<f32>; 2]>);

impl Seen {
    fn of(shape: &Shape) -> Self {
        let turns = [-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75];
        let turned = turns.into_iter().flat_map(|half| {
            let turned = shape.turned(half);
            [turned.mirrored(), turned]
        });
        Self(turned.map(|shape| views(&shape)).collect())
    }

    /// How alike another shape is, -1 to 1.
    fn alike(&self, other: &Shape) -> f32 {
        let other = views(other);
        let each = self.0.iter().map(|own| {
            let views = own.iter().zip(&other);
            views.map(|(a, b)| product(a, b)).sum::<f32>() / 2.0
        });
        each.fold(f32::MIN, f32::max)
    }
}

/// Added up in eight sums side by side: one would wait for each addition.
fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// What a shape covers and its edges, each with a mean of zero and a length of one.
fn views(shape: &Shape) -> [Vec<f32>; 2] {
    let mask = small(shape);
    let at = |x: usize, y: usize| mask[y.min(SMALL - 1) * SMALL + x.min(SMALL - 1)];
    let edge = |place: usize| {
        let (x, y) = (place % SMALL, place / SMALL);
        let (left, up) = (x.saturating_sub(1), y.saturating_sub(1));
        (at(x + 1, y) - at(left, y)).abs() + (at(x, y + 1) - at(x, up)).abs()
    };
    let edges = (0..mask.len()).map(edge).collect();
    [mask, edges].map(even)
}

#[expect(clippy::cast_precision_loss, reason = "a small number")]
fn even(mut view: Vec<f32>) -> Vec<f32> {
    let mean = view.iter().sum::<f32>() / view.len() as f32;
    for value in &mut view {
        *value -= mean;
    }
    let length = view
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt()
        .max(0.01);
    for value in &mut view {
        *value /= length;
    }
    view
}

fn small(shape: &Shape) -> Vec<f32> {
    let third = |line: &Vec<Point>| line.iter().map(|&(x, y)| (x / 3.0, y / 3.0)).collect();
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let middle = SMALL as f32 / 2.0;
    Shape(shape.0.iter().map(third).collect()).fill(SMALL, (middle, middle))
}

/// A square with rounded corners; each side is plain, has a knob or a notch.
fn outline(rng: &mut ChaCha12Rng) -> Shape {
    const HALF: f32 = 25.0;
    const KNOB: [Point; 7] = [
        (-4.5, 0.0),
        (-6.5, 2.5),
        (-4.0, 5.6),
        (0.0, 6.6),
        (4.0, 5.6),
        (6.5, 2.5),
        (4.5, 0.0),
    ];
    const CORNER: [Point; 3] = [(-1.0, 4.0), (-0.6, 1.2), (-4.0, 0.0)];
    let mut line = Vec::new();
    // each side from its left end to its right as seen from outside: the upper one, then on clockwise
    let turns: [fn(Point) -> Point; 4] = [
        |(x, y)| (x, -y),
        |(x, y)| (y, x),
        |(x, y)| (-x, y),
        |(x, y)| (-y, -x),
    ];
    for turn in turns {
        let out = [0.0, 1.0, -0.8][rng.random_range(0..3)];
        let beside = between(rng, -4.0, 4.0);
        // a corner, on the side's own line and the one before's
        line.push(turn((-HALF, HALF - CORNER[0].1)));
        line.push(turn((-HALF - CORNER[1].0 * 2.0, HALF - CORNER[1].1)));
        line.push(turn((-HALF - CORNER[2].0, HALF)));
        if out != 0.0 {
            line.extend(KNOB.map(|(x, y)| turn((x + beside, HALF + y * out))));
        }
    }
    Shape(vec![line])
}
