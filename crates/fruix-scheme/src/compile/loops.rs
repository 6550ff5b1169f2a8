// SPDX-License-Identifier: GPL-3.0-or-later
//! Finding local procedures that need no closure: those that are called once (put in place) and those
//! that are only called in tail position (jumps).

use super::convert::Variables;
use super::ir::{Ex, Lam, LamBody, Node};
use crate::tree::{Local, Location};
use crate::value::Value;
use rustc_hash::{FxHashMap, FxHashSet};

/// Binds procedures that are never assigned, in the best way, around `body`.
pub fn fix(
    variables: &Variables,
    location: Option<Location>,
    mut procedures: Vec<(Local, Lam)>,
    mut body: Ex,
) -> Ex {
    let count = |local: &Local| variables.references.get(local).copied().unwrap_or(0);
    procedures.retain(|(local, _)| count(local) > 0);
    if procedures.is_empty() {
        return body;
    }
    if let [(local, lam)] = &mut procedures[..]
        && count(local) == 1
        && lam.plain().is_some()
    {
        let mut candidate = Some(std::mem::replace(lam, placeholder()));
        put_in_place(&mut body, *local, &mut candidate);
        match candidate {
            None => return body,
            Some(back) => *lam = back,
        }
    }
    let mut arities = FxHashMap::default();
    for (local, lam) in &procedures {
        if let Some((arity, _)) = lam.plain() {
            arities.insert(*local, arity);
        }
    }
    let all_jumps = arities.len() == procedures.len()
        && only_jumps(&body, true, &arities)
        && procedures
            .iter()
            .all(|(_, lam)| lam.plain().is_some_and(|(_, body)| only_jumps(body, true, &arities)));
    let body = Box::new(body);
    let node = if all_jumps { Node::Labels(procedures, body) } else { Node::Fix(procedures, body) };
    Ex::new(location, node)
}

fn placeholder() -> Lam {
    Lam {
        name: Value::FALSE,
        properties: Value::NULL,
        clauses: Vec::new(),
        location: None,
        free: Vec::new(),
    }
}

/// Replaces the only call of `local` by the procedure's body.
fn put_in_place(e: &mut Ex, local: Local, lam: &mut Option<Lam>) {
    if lam.is_none() {
        return;
    }
    if let Node::Call(callee, args) = &mut e.node
        && let Node::Local(l) = callee.node
        && l == local
    {
        let fits = lam.as_ref().and_then(Lam::plain).is_some_and(|(n, _)| n == args.len());
        if fits
            && let Some(clause) = lam.take().and_then(|mut lam| lam.clauses.pop())
            && let LamBody::Now(body) = clause.body
        {
            let args = std::mem::take(args);
            e.node = if args.is_empty() {
                Node::Seq(vec![body])
            } else {
                let bindings = clause.required.into_iter().zip(args).collect();
                Node::Let(bindings, Box::new(body))
            };
        }
        return;
    }
    e.each_mut(&mut |child| put_in_place(child, local, lam));
}

/// Whether the procedures occur in `e` only as the target of calls in tail position with the right
/// number of arguments.
fn only_jumps(e: &Ex, tail: bool, arities: &FxHashMap<Local, usize>) -> bool {
    let inner = |e: &Ex| only_jumps(e, false, arities);
    let last = |e: &Ex| only_jumps(e, tail, arities);
    match &e.node {
        Node::Const(_) | Node::Global(_) => true,
        Node::Local(local) => !arities.contains_key(local),
        Node::SetLocal(_, e) | Node::SetGlobal(_, e) | Node::Define { value: e, .. } => inner(e),
        Node::If(test, then, otherwise) => inner(test) && last(then) && last(otherwise),
        Node::Seq(all) => match all.split_last() {
            Some((end, before)) => before.iter().all(inner) && last(end),
            None => true,
        },
        Node::Lambda(_) => !mentions(e, arities),
        Node::Let(bindings, body) => bindings.iter().all(|b| inner(&b.1)) && last(body),
        Node::Fix(procedures, body) => {
            let inside = procedures.iter().flat_map(|p| &p.1.clauses);
            let mut free = true;
            inside.for_each(|c| c.each(&mut |e| free &= !mentions(e, arities)));
            free && last(body)
        }
        Node::Labels(procedures, body) => {
            procedures.iter().all(|p| p.1.plain().is_some_and(|(_, body)| last(body))) && last(body)
        }
        Node::Receive { producer, body, .. } => inner(producer) && last(body),
        Node::Call(callee, args) => {
            let target = match callee.node {
                Node::Local(local) => match arities.get(&local) {
                    Some(&arity) => tail && arity == args.len(),
                    None => true,
                },
                _ => inner(callee),
            };
            target && args.iter().all(inner)
        }
        Node::Prim(_, args) => args.iter().all(inner),
    }
}

fn mentions(e: &Ex, arities: &FxHashMap<Local, usize>) -> bool {
    let of: FxHashSet<Local> = arities.keys().copied().collect();
    let mut found = FxHashSet::default();
    e.mentions(&of, &mut found);
    !found.is_empty()
}
