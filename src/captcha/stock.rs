//! A small stock of pictures drawn ahead, so that a visitor rarely waits for one. What is handed out is kept for a little
//! while, to be fetched; after that it is drawn again, to the same bytes. Never more than [`READY`] of a kind and [`HANDED`].

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Drawing, Kind};

/// Pictures of a kind that wait for a visitor.
const READY: usize = 8;
/// Pictures that wait to be fetched, at most 25 KB each.
const HANDED: usize = 64;

#[derive(Clone, Default)]
pub(super) struct Stock(Arc<Mutex<Shelves>>);

#[derive(Default)]
struct Shelves {
    images: VecDeque<Drawn>,
    puzzles: VecDeque<Drawn>,
    handed: VecDeque<Drawn>,
}

struct Drawn {
    drawing: Drawing,
    picture: Arc<[u8]>,
}

impl Stock {
    /// One that is ready, if there is one.
    pub fn take(&self, kind: Kind) -> Option<Drawing> {
        let mut shelves = self.shelves();
        let drawn = shelves.of(kind)?.pop_front()?;
        let drawing = drawn.drawing.clone();
        shelves.handed.push_back(drawn);
        if shelves.handed.len() > HANDED {
            shelves.handed.pop_front();
        }
        Some(drawing)
    }

    /// The picture of one that was taken, unless that is too long ago.
    pub fn picture(&self, drawing: &Drawing) -> Option<Arc<[u8]>> {
        let shelves = self.shelves();
        let drawn = shelves
            .handed
            .iter()
            .find(|drawn| drawn.drawing == *drawing);
        drawn.map(|drawn| drawn.picture.clone())
    }

    pub fn add(&self, kind: Kind, drawing: Drawing, picture: Vec<u8>) {
        let mut shelves = self.shelves();
        if let Some(shelf) = shelves.of(kind).filter(|shelf| shelf.len() < READY) {
            shelf.push_back(Drawn {
                drawing,
                picture: picture.into(),
            });
        }
    }

    /// A kind that has run low.
    pub fn lacks(&self) -> Option<Kind> {
        let mut shelves = self.shelves();
        let mut lacks = |kind| shelves.of(kind).is_some_and(|shelf| shelf.len() < READY);
        [Kind::Image, Kind::Puzzle]
            .into_iter()
            .find(|&kind| lacks(kind))
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelves {
    fn of(&mut self, kind: Kind) -> Option<&mut VecDeque<Drawn>> {
        match kind {
            Kind::Image => Some(&mut self.images),
            Kind::Puzzle => Some(&mut self.puzzles),
            Kind::Proof => None,
        }
    }
}
