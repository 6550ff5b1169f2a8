// SPDX-License-Identifier: GPL-3.0-or-later
//! Sorting out `letrec` and `letrec*`: into `let`s, groups of procedures that see each other, and
//! what is left over, which goes through boxes (Ghuloum and Dybvig, "Fixing Letrec (reloaded)").

use super::convert::Variables;
use super::ir::{Ex, Node};
use super::loops;
use crate::tree::{Local, Location};
use crate::value::Value;
use rustc_hash::FxHashSet;

/// The equivalent of `letrec` (or `letrec*`) with these bindings.
pub fn fix(
    variables: &mut Variables,
    location: Option<Location>,
    ordered: bool,
    bindings: Vec<(Local, Ex)>,
    body: Ex,
) -> Ex {
    let names: FxHashSet<Local> = bindings.iter().map(|b| b.0).collect();
    let mut edges: Vec<Vec<usize>> = Vec::with_capacity(bindings.len());
    let mut previous = None;
    for (i, (_, value)) in bindings.iter().enumerate() {
        let mut found = FxHashSet::default();
        value.mentions(&names, &mut found);
        let mut to: Vec<usize> =
            (0..bindings.len()).filter(|&j| found.contains(&bindings[j].0)).collect();
        if ordered && !is_simple(value) {
            to.extend(previous);
            previous = Some(i);
        }
        edges.push(to);
    }
    let groups = components(&edges);
    let mut slots: Vec<Option<(Local, Ex)>> = bindings.into_iter().map(Some).collect();
    let mut result = body;
    for group in groups.into_iter().rev() {
        let recursive = group.len() > 1 || edges[group[0]].contains(&group[0]);
        let mut members: Vec<(Local, Ex)> = Vec::new();
        for &i in &group {
            members.extend(slots[i].take());
        }
        result = bind_group(variables, location.clone(), recursive, members, result);
    }
    result
}

/// Whether evaluating it early or late makes no difference.
fn is_simple(e: &Ex) -> bool {
    matches!(e.node, Node::Const(_) | Node::Lambda(_))
}

fn bind_group(
    variables: &mut Variables,
    location: Option<Location>,
    recursive: bool,
    members: Vec<(Local, Ex)>,
    body: Ex,
) -> Ex {
    let mut procedures = Vec::new();
    let mut others = Vec::new();
    for (local, value) in members {
        match value.node {
            Node::Lambda(lam) if !variables.assigned.contains(&local) => {
                procedures.push((local, *lam));
            }
            node => others.push((local, Ex { location: value.location, node })),
        }
    }
    if !recursive && !others.is_empty() {
        return Ex::new(location, Node::Let(others, Box::new(body)));
    }
    if others.is_empty() {
        return loops::fix(variables, location, procedures, body);
    }
    // Boxes that are filled in order, inside the group's procedures.
    let mut steps = Vec::new();
    let mut boxes = Vec::new();
    for (local, value) in others {
        variables.assigned.insert(local);
        variables.unbound.insert(local);
        boxes.push((local, Ex::new(None, Node::Const(Value::UNBOUND))));
        let place = value.location.clone();
        steps.push(Ex::new(place, Node::SetLocal(local, Box::new(value))));
    }
    steps.push(body);
    let mut inner = Ex::new(location.clone(), Node::Seq(steps));
    if !procedures.is_empty() {
        inner = loops::fix(variables, location.clone(), procedures, inner);
    }
    Ex::new(location, Node::Let(boxes, Box::new(inner)))
}

/// The strongly connected components, those that others point to first (Tarjan's algorithm, with a
/// stack of its own).
fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let n = edges.len();
    let (mut index, mut low) = (vec![UNSEEN; n], vec![0; n]);
    let mut on_stack = vec![false; n];
    let (mut stack, mut result, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..n {
        if index[root] != UNSEEN {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some(&mut (v, ref mut edge)) = work.last_mut() {
            if *edge == 0 {
                index[v] = next;
                low[v] = next;
                next += 1;
                stack.push(v);
                on_stack[v] = true;
            }
            if let Some(&w) = edges[v].get(*edge) {
                *edge += 1;
                if index[w] == UNSEEN {
                    work.push((w, 0));
                } else if on_stack[w] {
                    low[v] = low[v].min(index[w]);
                }
                continue;
            }
            work.pop();
            if let Some(&(parent, _)) = work.last() {
                low[parent] = low[parent].min(low[v]);
            }
            if low[v] == index[v] {
                let mut group = Vec::new();
                while let Some(w) = stack.pop() {
                    on_stack[w] = false;
                    group.push(w);
                    if w == v {
                        break;
                    }
                }
                group.sort_unstable();
                result.push(group);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn components_come_with_what_they_need_first() {
        // 0 → 1 ⇄ 2 → 3, 4 alone
        let edges = vec![vec![1], vec![2], vec![1, 3], vec![], vec![]];
        assert_eq!(components(&edges), vec![vec![3], vec![1, 2], vec![0], vec![4]]);
    }

    #[test]
    fn a_vertex_without_edges_is_visited_once() {
        assert_eq!(components(&[vec![], vec![0]]), vec![vec![0], vec![1]]);
    }
}
