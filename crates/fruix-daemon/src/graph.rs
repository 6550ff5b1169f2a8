// SPDX-License-Identifier: GPL-3.0-or-later
//! From goals to the derivations that must be built, without recursion: graphs are deep and wide.

#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fruix_core::derivation::Derivation;
use fruix_core::store_path::StorePath;
use fruix_protocol::{BuildMode, Goal};
use fruix_store::Store;

use crate::error::{Error, Result};

/// What must be built for some goals.
#[derive(Debug, Default)]
pub struct Plan {
    /// All derivations that were looked at.
    pub(crate) nodes: Vec<Node>,
    index: HashMap<StorePath, usize>,
}

/// A derivation of a plan.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) drv: StorePath,
    pub(crate) derivation: Arc<Derivation>,
    /// The outputs that somebody needs.
    pub(crate) wanted: BTreeSet<String>,
    pub(crate) mode: BuildMode,
    /// Whether it must be built.
    pub(crate) needed: bool,
    /// The nodes that are needed as well and wait for this one.
    pub(crate) dependents: Vec<usize>,
    /// For how many this one waits.
    pub(crate) waits_for: usize,
}

impl Plan {
    /// The derivations that must be built, in no particular order.
    pub fn builds(&self) -> impl Iterator<Item = &StorePath> {
        self.nodes.iter().filter(|node| node.needed).map(|node| &node.drv)
    }

    /// The plan to build derivations that each need those with the given numbers, for tests.
    #[cfg(test)]
    pub(crate) fn made_up(all: Vec<(StorePath, Vec<usize>)>) -> Plan {
        let drvs: Vec<StorePath> = all.iter().map(|(drv, _)| drv.clone()).collect();
        let mut plan = Plan::default();
        for (number, (drv, needs)) in all.into_iter().enumerate() {
            let needs = needs.iter().map(|n| (drvs[*n].clone(), BTreeSet::new())).collect();
            let derivation = Derivation {
                outputs: BTreeMap::new(),
                inputs: needs,
                sources: BTreeSet::new(),
                system: String::new(),
                builder: String::new(),
                args: Vec::new(),
                env: BTreeMap::new(),
            };
            plan.index.insert(drv.clone(), number);
            plan.nodes.push(Node {
                drv,
                derivation: Arc::new(derivation),
                wanted: BTreeSet::new(),
                mode: BuildMode::Normal,
                needed: true,
                dependents: Vec::new(),
                waits_for: 0,
            });
        }
        plan.connect();
        plan
    }

    /// Find out what GOALS need. Everything looked at becomes a temporary root of STORE's session
    /// before its validity is examined, so that it stays as it is.
    pub(crate) fn new(store: &Store, goals: &[Goal], mode: BuildMode) -> Result<Plan> {
        let mut plan = Plan::default();
        let mut wave = Vec::new();
        for goal in goals {
            match goal {
                Goal::Derivation { drv, outputs } => {
                    wave.push((drv.clone(), outputs.clone(), mode));
                }
                Goal::Item(item) => wave.extend(item_goal(store, item, mode)?),
            }
        }
        while !wave.is_empty() {
            let touched = plan.take_in(store, wave)?;
            wave = plan.examine(store, &touched)?;
        }
        plan.connect();
        Ok(plan)
    }

    /// Read the derivations of WAVE that are new. The result are the nodes whose wanted outputs
    /// became more.
    fn take_in(
        &mut self,
        store: &Store,
        wave: Vec<(StorePath, BTreeSet<String>, BuildMode)>,
    ) -> Result<Vec<usize>> {
        store.add_temp_roots(wave.iter().map(|(drv, ..)| drv))?;
        let mut touched = BTreeSet::new();
        for (drv, wanted, mode) in wave {
            let number = match self.index.get(&drv) {
                Some(number) => *number,
                None => self.add(store, drv)?,
            };
            let node = &mut self.nodes[number];
            if mode == BuildMode::Check && node.mode != mode {
                node.mode = mode;
                touched.insert(number);
            }
            let all = if wanted.is_empty() {
                node.derivation.outputs.keys().cloned().collect()
            } else {
                wanted
            };
            for output in all {
                if !node.derivation.outputs.contains_key(&output) {
                    let drv = store.layout().display(&node.drv);
                    return Err(Error::NoSuchOutput { drv, output });
                }
                if node.wanted.insert(output) {
                    touched.insert(number);
                }
            }
        }
        Ok(touched.into_iter().collect())
    }

    fn add(&mut self, store: &Store, drv: StorePath) -> Result<usize> {
        if !store.is_valid_path(&drv)? {
            return Err(Error::Unknown { path: store.layout().display(&drv) });
        }
        let number = self.nodes.len();
        self.index.insert(drv.clone(), number);
        self.nodes.push(Node {
            derivation: Arc::new(store.read_derivation(&drv)?),
            drv,
            wanted: BTreeSet::new(),
            mode: BuildMode::Normal,
            needed: false,
            dependents: Vec::new(),
            waits_for: 0,
        });
        Ok(number)
    }

    /// Find out which of the nodes TOUCHED must be built. The result is what those need.
    fn examine(
        &mut self,
        store: &Store,
        touched: &[usize],
    ) -> Result<Vec<(StorePath, BTreeSet<String>, BuildMode)>> {
        let outputs = |node: &'_ Node| -> Vec<StorePath> {
            node.derivation.outputs.values().filter_map(|output| output.path.clone()).collect()
        };
        let all: Vec<StorePath> = touched.iter().flat_map(|n| outputs(&self.nodes[*n])).collect();
        store.add_temp_roots(&all)?;
        let valid = store.query_valid_paths(&all)?;
        let mut next = Vec::new();
        for number in touched {
            let node = &mut self.nodes[*number];
            let missing = node.wanted_paths().any(|path| !valid.contains(path));
            if !node.needed && (missing || node.mode == BuildMode::Check) {
                node.needed = true;
                let inputs = node.derivation.inputs.iter();
                next.extend(inputs.map(|(d, o)| (d.clone(), o.clone(), BuildMode::Normal)));
            }
        }
        Ok(next)
    }

    fn connect(&mut self) {
        for number in 0..self.nodes.len() {
            if !self.nodes[number].needed {
                continue;
            }
            let inputs = self.nodes[number].derivation.inputs.keys();
            let needed: Vec<usize> = inputs
                .filter_map(|input| self.index.get(input).copied())
                .filter(|input| self.nodes[*input].needed)
                .collect();
            self.nodes[number].waits_for = needed.len();
            for input in needed {
                self.nodes[input].dependents.push(number);
            }
        }
    }
}

impl Node {
    /// The paths of the outputs that somebody needs.
    pub(crate) fn wanted_paths(&self) -> impl Iterator<Item = &StorePath> {
        self.wanted
            .iter()
            .filter_map(|name| self.derivation.outputs.get(name))
            .filter_map(|output| output.path.as_ref())
    }
}

/// The derivation and output to build for ITEM, or nothing if it is valid.
fn item_goal(
    store: &Store,
    item: &StorePath,
    mode: BuildMode,
) -> Result<Option<(StorePath, BTreeSet<String>, BuildMode)>> {
    store.add_temp_root(item)?;
    if mode == BuildMode::Normal && store.is_valid_path(item)? {
        return Ok(None);
    }
    for drv in store.query_valid_derivers(item)? {
        let outputs = store.query_derivation_outputs(&drv)?;
        if let Some((name, _)) = outputs.into_iter().find(|(_, path)| path == item) {
            return Ok(Some((drv, BTreeSet::from([name]), mode)));
        }
    }
    Err(Error::Unknown { path: store.layout().display(item) })
}
