//! What strangers and chance do to the main job: all at once, cut off half-way, by trial, and by reading what is left
//! behind. Small in the default run; `tests/run --attacks` runs the long forms.

mod contract;
mod cut_off;
mod leaks;
mod limits;
mod parallel;
mod search;
mod timing;
