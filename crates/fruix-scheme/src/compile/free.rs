// SPDX-License-Identifier: GPL-3.0-or-later
//! Which variables each closure has to hold.

use super::ir::{Ex, Lam, LamClause, Node};
use crate::tree::Local;
use rustc_hash::{FxHashMap, FxHashSet};

/// The walk through a tree.
#[derive(Default)]
pub struct Free {
    /// How many procedures deep each variable is bound; absent for those that need not be held.
    depth: FxHashMap<Local, usize>,
    /// The free variables found of each procedure around.
    around: Vec<(FxHashSet<Local>, Vec<Local>)>,
    /// The variables of procedures whose closure is a constant.
    pub constant: FxHashSet<Local>,
}

impl Free {
    /// Fills in [`Lam::free`] everywhere in `e`; the variables of `bound` are outside of all procedures.
    pub fn annotate(e: &mut Ex, bound: impl Iterator<Item = Local>) -> Free {
        let mut free = Free::default();
        bound.for_each(|local| free.bind(local));
        free.walk(e);
        free
    }

    fn bind(&mut self, local: Local) {
        self.depth.insert(local, self.around.len());
    }

    fn refer(&mut self, local: Local) {
        let Some(&depth) = self.depth.get(&local) else { return };
        for (set, list) in self.around[depth..].iter_mut().rev() {
            if !set.insert(local) {
                break;
            }
            list.push(local);
        }
    }

    fn walk(&mut self, e: &mut Ex) {
        match &mut e.node {
            Node::Local(local) => self.refer(*local),
            Node::SetLocal(local, value) => {
                self.refer(*local);
                self.walk(value);
            }
            Node::Lambda(lam) => self.lam(lam),
            Node::Let(bindings, body) => {
                for (local, value) in bindings {
                    self.walk(value);
                    self.bind(*local);
                }
                self.walk(body);
            }
            Node::Receive { producer, required, rest, body } => {
                self.walk(producer);
                required.iter().chain(rest.iter()).for_each(|&local| self.bind(local));
                self.walk(body);
            }
            Node::Labels(procedures, body) => {
                for (_, lam) in procedures.iter_mut() {
                    lam.clauses.iter_mut().for_each(|clause| self.clause(clause));
                }
                self.walk(body);
            }
            Node::Fix(procedures, body) => {
                procedures.iter().for_each(|p| self.bind(p.0));
                procedures.iter_mut().for_each(|p| self.lam(&mut p.1));
                let group: FxHashSet<Local> = procedures.iter().map(|p| p.0).collect();
                let constant =
                    procedures.iter().all(|p| p.1.free.iter().all(|local| group.contains(local)));
                for (local, lam) in procedures.iter_mut() {
                    if constant {
                        lam.free.clear();
                        self.depth.remove(local);
                        self.constant.insert(*local);
                    } else {
                        // A closure finds itself in its own frame.
                        lam.free.retain(|l| l != local);
                    }
                }
                self.walk(body);
            }
            _ => e.each_mut(&mut |child| self.walk(child)),
        }
    }

    fn lam(&mut self, lam: &mut Lam) {
        self.around.push(Default::default());
        lam.clauses.iter_mut().for_each(|clause| self.clause(clause));
        if let Some((_, list)) = self.around.pop() {
            lam.free = list;
        }
    }

    fn clause(&mut self, clause: &mut LamClause) {
        let parameters: Vec<Local> = clause.parameters().collect();
        parameters.into_iter().for_each(|local| self.bind(local));
        clause.each_mut(&mut |e| self.walk(e));
    }
}
