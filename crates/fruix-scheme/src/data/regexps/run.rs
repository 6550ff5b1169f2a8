// SPDX-License-Identifier: GPL-3.0-or-later
//! Searching: all ways at once (a set of threads that moves over the text), or, for expressions with back
//! references, one after the other.
//!
//! The longest match counts, as POSIX has it. Of the ways to reach its end the C library of GNU takes the first:
//! alternatives from the left, repetitions as often as possible. So ways are tried, and threads kept, in that order.

use super::{Groups, Place, Regexp, SearchOptions, Step, is_word};
use std::rc::Rc;

/// Positions noted on the way; `NONE` where there is none.
type Slots = Rc<Vec<u32>>;

const NONE: u32 = u32::MAX;

/// Most steps of a search that goes back.
const STEPS_MAX: usize = 5_000_000;

struct Search<'a> {
    regexp: &'a Regexp,
    text: &'a [char],
    options: SearchOptions,
}

/// See [`Regexp::search`].
pub(super) fn search(regexp: &Regexp, text: &[char], options: SearchOptions) -> Option<Groups> {
    let search = Search { regexp, text, options };
    let slots = if regexp.has_back_references { search.one_by_one() } else { search.together() }?;
    let group = |n: usize| match (slots[2 * n], slots[2 * n + 1]) {
        (from, to) if from != NONE && to != NONE => Some((from as usize, to as usize)),
        _ => None,
    };
    Some((0..regexp.groups).map(group).collect())
}

/// The threads at one position, by step, in the order of their arrival.
struct Threads {
    order: Vec<usize>,
    at: Vec<Option<Slots>>,
}

impl Threads {
    fn new(steps: usize) -> Threads {
        Threads { order: Vec::new(), at: vec![None; steps] }
    }

    fn clear(&mut self) {
        for step in self.order.drain(..) {
            self.at[step] = None;
        }
    }
}

impl Search<'_> {
    fn start_slots(&self) -> Slots {
        Rc::new(vec![NONE; self.regexp.slots])
    }

    /// Adds a thread and all that it leads to without taking a character.
    fn add(&self, threads: &mut Threads, step: usize, position: usize, slots: Slots) {
        let mut pending = vec![(step, slots)];
        while let Some((step, slots)) = pending.pop() {
            if threads.at[step].is_some() {
                continue;
            }
            threads.order.push(step);
            threads.at[step] = Some(slots.clone());
            match self.regexp.steps[step] {
                Step::Jump(to) => pending.push((to, slots)),
                Step::Split(a, b) => {
                    pending.push((b, slots.clone()));
                    pending.push((a, slots));
                }
                Step::Save(n) => {
                    let mut changed = slots;
                    let row = Rc::make_mut(&mut changed);
                    row[n] = position as u32;
                    // A group that begins anew has no end yet.
                    if n % 2 == 0 && n < 2 * self.regexp.groups {
                        row[n + 1] = NONE;
                    }
                    pending.push((step + 1, changed));
                }
                Step::Progress(n) if slots[n] != position as u32 => pending.push((step + 1, slots)),
                Step::At(place) if self.is_at(place, position) => pending.push((step + 1, slots)),
                _ => {}
            }
        }
    }

    fn is_at(&self, place: Place, position: usize) -> bool {
        let lines = self.regexp.options.newline;
        let before = position.checked_sub(1).map(|i| self.text[i]);
        let after = self.text.get(position).copied();
        let word_before = before.is_some_and(is_word);
        let word_after = after.is_some_and(is_word);
        match place {
            Place::TextStart => before.is_none(),
            Place::TextEnd => after.is_none(),
            Place::LineStart => match before {
                None => !self.options.not_line_start,
                Some(c) => lines && c == '\n',
            },
            Place::LineEnd => match after {
                None => !self.options.not_line_end,
                Some(c) => lines && c == '\n',
            },
            Place::WordStart => !word_before && word_after,
            Place::WordEnd => word_before && !word_after,
            Place::WordEdge => word_before != word_after,
            Place::NoWordEdge => word_before == word_after,
        }
    }

    fn takes(&self, step: &Step, c: char) -> bool {
        let fold = self.regexp.options.ignore_case;
        match *step {
            Step::Char(wanted) if fold => wanted == c || wanted.to_lowercase().eq(c.to_lowercase()),
            Step::Char(wanted) => wanted == c,
            Step::Any => !(self.regexp.options.newline && c == '\n'),
            Step::Set(n) => self.regexp.sets[n].contains(c, fold),
            _ => false,
        }
    }

    fn together(&self) -> Option<Slots> {
        let steps = &self.regexp.steps;
        let (mut now, mut next) = (Threads::new(steps.len()), Threads::new(steps.len()));
        let mut best: Option<Slots> = None;
        let mut position = 0;
        loop {
            if best.is_none() {
                if now.order.is_empty()
                    && let Some(first) = &self.regexp.first
                {
                    let rest = &self.text[position..];
                    position += rest.iter().position(|c| first.contains(c))?;
                }
                self.add(&mut now, 0, position, self.start_slots());
            }
            if let Some(slots) = &now.at[steps.len() - 1]
                && best.as_ref().is_none_or(|best| slots[0] <= best[0])
            {
                best = Some(slots.clone());
            }
            if now.order.is_empty() || position == self.text.len() {
                return best;
            }
            let c = self.text[position];
            for i in 0..now.order.len() {
                let step = now.order[i];
                let Some(slots) = now.at[step].take() else { continue };
                // Threads that started behind the match found cannot become better.
                let late = best.as_ref().is_some_and(|best| slots[0] != NONE && slots[0] > best[0]);
                if !late && self.takes(&steps[step], c) {
                    self.add(&mut next, step + 1, position + 1, slots);
                }
            }
            now.clear();
            std::mem::swap(&mut now, &mut next);
            position += 1;
        }
    }

    fn one_by_one(&self) -> Option<Slots> {
        let mut budget = STEPS_MAX;
        for start in 0..=self.text.len() {
            if let Some(found) = self.from(start, &mut budget) {
                return Some(found);
            }
        }
        None
    }

    /// The best match that starts at `start`.
    fn from(&self, start: usize, budget: &mut usize) -> Option<Slots> {
        let mut best: Option<Slots> = None;
        let mut pending = vec![(0, start, self.start_slots())];
        while let Some((step, position, slots)) = pending.pop() {
            *budget = budget.checked_sub(1)?;
            let here = &self.regexp.steps[step];
            match *here {
                Step::Match => {
                    if best.as_ref().is_none_or(|best| slots[1] > best[1]) {
                        best = Some(slots);
                    }
                }
                Step::Jump(to) => pending.push((to, position, slots)),
                Step::Split(a, b) => {
                    pending.push((b, position, slots.clone()));
                    pending.push((a, position, slots));
                }
                Step::Save(n) => {
                    let mut changed = slots;
                    Rc::make_mut(&mut changed)[n] = position as u32;
                    pending.push((step + 1, position, changed));
                }
                Step::Progress(n) => {
                    if slots[n] != position as u32 {
                        pending.push((step + 1, position, slots));
                    }
                }
                Step::At(place) => {
                    if self.is_at(place, position) {
                        pending.push((step + 1, position, slots));
                    }
                }
                Step::Back(n) => {
                    let (from, to) = (slots[2 * n], slots[2 * n + 1]);
                    if from == NONE || to == NONE {
                        continue;
                    }
                    let wanted = &self.text[from as usize..to as usize];
                    if self.text[position..].starts_with(wanted) {
                        pending.push((step + 1, position + wanted.len(), slots));
                    }
                }
                Step::Char(_) | Step::Any | Step::Set(_) => {
                    if self.text.get(position).is_some_and(|&c| self.takes(here, c)) {
                        pending.push((step + 1, position + 1, slots));
                    }
                }
            }
        }
        best
    }
}
