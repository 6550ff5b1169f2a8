// SPDX-License-Identifier: GPL-3.0-or-later
//! Derivations: their text, what is refused, and hashes over graphs of them.

#![allow(clippy::unwrap_used)] // What a test unwraps, the test put there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fruix_core::derivation::{
    DerivationOutput, DerivationParser, ModuloCache, ModuloError, OutputContents, ParseError,
    ParseLimits,
};
use fruix_core::store_path::HashMethod;
use fruix_core::{Derivation, Hash, HashAlgorithm, StoreDir, StorePath};
use proptest::prelude::*;

const A: &str = "/gnu/store/0did6wvfikhpmr65v3c820rpf3hhy581-a";
const B: &str = "/gnu/store/5k1q9bp8z0w6ha6yp8bkyi00blv6a2qn-b";

/// The text of a derivation with these fields in their places.
fn text(outputs: &str, inputs: &str, sources: &str, args: &str, env: &str) -> String {
    format!(r#"Derive([{outputs}],[{inputs}],[{sources}],"x86_64-linux","/b",[{args}],[{env}])"#)
}

fn parse(text: &str) -> Result<Derivation, ParseError> {
    Derivation::parse(&StoreDir::default(), text.as_bytes())
}

const OUT: &str = r#"("out","","","")"#;

#[test]
fn every_field_is_kept() {
    let hash = "7f".repeat(32);
    let source = text(
        &format!(r#"("dev","","r:sha256",""),("out","{A}","r:sha256","{hash}")"#),
        &format!(r#"("{A}.drv",["lib","out"]),("{B}.drv",[])"#),
        &format!(r#""{A}","{B}""#),
        r#""-c","a \"quoted\" \\ and\n\r\tthe rest","","-c""#,
        r#"("","empty name"),("a","é"),("out","")"#,
    );
    let drv = parse(&source).unwrap();
    assert_eq!(drv.to_string(), source);
    assert_eq!(drv.args, ["-c", "a \"quoted\" \\ and\n\r\tthe rest", "", "-c"]);
    assert_eq!(drv.env["a"], "é");
    assert_eq!(drv.system, "x86_64-linux");
    assert_eq!(drv.builder, "/b");
    let (method, algorithm) = (HashMethod::Recursive, HashAlgorithm::Sha256);
    assert_eq!(drv.outputs["dev"].contents, OutputContents::Algorithm(method, algorithm));
    assert_eq!(
        drv.outputs["out"].contents,
        OutputContents::Fixed(method, Hash::new(algorithm, &[0x7f; 32]).unwrap())
    );
    assert_eq!(drv.fixed_output(), None, "two outputs are no fixed output");
    assert_eq!(drv.references().count(), 4);
}

#[test]
fn unsorted_and_repeated_items_are_refused() {
    let lists = |a: &str, b: &str| {
        [
            ("outputs", text(&format!("{a},{b}"), "", "", "", "")),
            ("environment variables", text(OUT, "", "", "", &format!("{a},{b}"))),
        ]
    };
    let tuples: [(&str, &str); 2] =
        [(r#"("b","","","")"#, r#"("a","","","")"#), (r#"("a","","","")"#, r#"("a","","","")"#)];
    for (first, second) in tuples {
        let [(list, outputs), _] = lists(first, second);
        assert!(matches!(parse(&outputs), Err(ParseError::Unsorted { list: l, .. }) if l == list));
    }
    for (first, second) in [(r#"("b","")"#, r#"("a","")"#), (r#"("a","")"#, r#"("a","1")"#)] {
        let [_, (list, env)] = lists(first, second);
        assert!(matches!(parse(&env), Err(ParseError::Unsorted { list: l, .. }) if l == list));
    }
    for (first, second) in [(B, A), (A, A)] {
        let sources = text(OUT, "", &format!(r#""{first}","{second}""#), "", "");
        let inputs = format!(r#"("{first}.drv",["out"]),("{second}.drv",["out"])"#);
        let inputs = text(OUT, &inputs, "", "", "");
        for (list, text) in [("sources", sources), ("inputs", inputs)] {
            assert!(matches!(parse(&text), Err(ParseError::Unsorted { list: l, .. }) if l == list));
        }
    }
    for outputs in [r#""out","lib""#, r#""out","out""#] {
        let inputs = format!(r#"("{A}.drv",[{outputs}])"#);
        assert!(matches!(
            parse(&text(OUT, &inputs, "", "", "")),
            Err(ParseError::Unsorted { list: "outputs of an input", .. })
        ));
    }
}

#[test]
fn malformed_texts_are_refused_with_their_place() {
    let good = text(OUT, "", "", r#""x""#, r#"("out","")"#);
    assert!(parse(&good).is_ok());
    for length in 0..good.len() {
        let result = parse(&good[..length]);
        assert!(
            matches!(result, Err(ParseError::Truncated { offset, .. }) if offset == length as u64),
            "{length}: {result:?}"
        );
    }
    // Each replaces the first occurrence of a text in the good one.
    for (from, to) in [
        ("Derive", "derive"),
        ("Derive(", "Derive ("),
        ("Derive(", "Derive(("),
        ("[(", "[ ("),
        ("[(", "[,("),
        (r#"[("out","","","")]"#, r#"[("out","","")]"#),
        (r#"[("out","","","")]"#, r#"[("out","","","","")]"#),
        (r#"[("out","","","")]"#, r#"[("out","","","",)]"#),
        (r#"[("out","","","")]"#, r#"[("out","","",""),]"#),
        (r#"[("out","","","")]"#, r#"[("out","","",[])]"#),
        (r#"[("out","","","")]"#, r#"["out"]"#),
        (r#"[("out","","","")]"#, r#""out""#),
        ("[],[]", r#"[("x")],[]"#),
        ("[],[]", "[()],[]"),
        ("[],[]", "[],[],[]"),
        ("[],[]", "[][]"),
        (r#"["x"]"#, r#"["x""y"]"#),
        (r#"["x"]"#, "[x]"),
        (r#"["x"]"#, r#"["x",["y"]]"#),
        (r#""/b""#, "[]"),
        (r#"("out","")]"#, r#"("out")]"#),
        (r#""x""#, r#""\x""#),
        (r#""x""#, r#""\0""#),
        (r#""x""#, "\"\n\""),
        (r#""x""#, "\"\t\""),
        (r#""x""#, "\"\r\""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let result = parse(&bad);
        assert!(matches!(result, Err(ParseError::Unexpected { .. })), "{bad}: {result:?}");
    }
    let error = parse(&good.replacen(r#"["x"]"#, r#"["x"?"#, 1)).unwrap_err();
    assert!(error.to_string().contains("got `?'"), "{error}");
    for tail in [")", ",", "\"x\"", "\n", "\0"] {
        assert!(matches!(parse(&format!("{good}{tail}")), Err(ParseError::Unexpected { .. })));
    }
    let not_utf8 = good.replace('x', "@").into_bytes();
    let not_utf8: Vec<u8> = not_utf8.iter().map(|b| if *b == b'@' { 0xff } else { *b }).collect();
    assert!(matches!(
        Derivation::parse(&StoreDir::default(), &not_utf8),
        Err(ParseError::NotUtf8 { .. })
    ));
}

#[test]
fn bad_paths_and_hashes_are_refused() {
    let output = |path: &str, algorithm: &str, hash: &str| {
        let output = format!(r#"("out","{path}","{algorithm}","{hash}")"#);
        parse(&text(&output, "", "", "", ""))
    };
    for path in ["x", "/nix/store/x", "/gnu/store/..", &format!("{A}/bin")] {
        assert!(matches!(output(path, "", ""), Err(ParseError::Path { .. })), "{path}");
        let source = text(OUT, "", &format!("\"{path}\""), "", "");
        assert!(matches!(parse(&source), Err(ParseError::Path { .. })), "{path}");
        let input = text(OUT, &format!("(\"{path}\",[])"), "", "", "");
        assert!(matches!(parse(&input), Err(ParseError::Path { .. })), "{path}");
    }
    let hash = "7f".repeat(32);
    assert!(output(A, "sha256", &hash).is_ok());
    for (algorithm, digits) in [
        ("sha257", &hash[..]),
        ("", &hash),
        ("r:", &hash),
        ("R:sha256", &hash),
        ("sha512", &hash),
        ("sha256", &hash[2..]),
        ("sha256", &hash[1..]),
        ("sha256", "zz"),
    ] {
        let result = output(A, algorithm, digits);
        assert!(matches!(result, Err(ParseError::Hash { .. })), "{algorithm}: {result:?}");
    }
    // It would not be printed as it was.
    assert!(matches!(
        output(A, "sha256", &hash.to_uppercase()),
        Err(ParseError::Unexpected { .. })
    ));
}

#[test]
fn bounds_hold() {
    let source = text(OUT, "", "", &format!("\"{}\"", "x".repeat(1000)), "");
    let run = |limits: ParseLimits, size: usize| {
        let mut parser = DerivationParser::with_limits(StoreDir::default(), limits);
        source.as_bytes().chunks(size).try_for_each(|piece| parser.feed(piece))?;
        parser.finish()
    };
    let limits = |total: usize, string| ParseLimits { total: total as u64, string };
    for size in [1, 100, 10_000] {
        assert!(run(limits(source.len(), 1000), size).is_ok());
        for bad in [limits(source.len() - 1, 1000), limits(source.len(), 999)] {
            assert!(matches!(run(bad, size), Err(ParseError::TooLong { .. })), "{size}");
        }
    }
}

// --- Graphs.

type Graph = BTreeMap<StorePath, Arc<Derivation>>;

fn lookup(graph: &Graph) -> impl Fn(&StorePath) -> Result<Arc<Derivation>, &'static str> {
    |path| graph.get(path).cloned().ok_or("not there")
}

/// A derivation that takes `out` of INPUTS and has its output paths filled in.
fn make(
    graph: &mut Graph,
    cache: &mut ModuloCache,
    name: &str,
    inputs: &[StorePath],
    contents: OutputContents,
) -> StorePath {
    let store_dir = StoreDir::default();
    let mut drv = parse(&text(OUT, "", "", "", r#"("out","stale")"#)).unwrap();
    drv.outputs = BTreeMap::from([("out".into(), DerivationOutput { path: None, contents })]);
    for input in inputs {
        drv.inputs.insert(input.clone(), BTreeSet::from(["out".into()]));
    }
    drv.fill_outputs(&store_dir, name, cache, lookup(graph)).unwrap();
    assert_eq!(drv.env["out"], store_dir.print(drv.outputs["out"].path.as_ref().unwrap()));
    let mut again = drv.clone();
    again.fill_outputs(&store_dir, name, cache, lookup(graph)).unwrap();
    assert_eq!(again, drv, "output paths that are there already do not count");
    let path = drv.path(&store_dir, name).unwrap();
    graph.insert(path.clone(), Arc::new(drv));
    path
}

#[test]
fn how_a_fixed_output_is_made_does_not_matter() {
    let (graph, cache) = (&mut Graph::new(), &mut ModuloCache::new());
    let fixed = || OutputContents::Fixed(HashMethod::Flat, Hash::sha256(b"source"));
    let curl = make(graph, cache, "curl", &[], OutputContents::Unknown);
    let by_curl = make(graph, cache, "source.tar", &[curl], fixed());
    let by_magic = make(graph, cache, "source.tar", &[], fixed());
    let otherwise_named = make(graph, cache, "source.tgz", &[], fixed());
    assert_ne!(by_curl, by_magic, "distinct derivations");
    let mut user = |source: &StorePath| {
        let path =
            make(graph, cache, "hello", std::slice::from_ref(source), OutputContents::Unknown);
        (path.clone(), graph[&path].outputs["out"].path.clone())
    };
    let (drv_1, out_1) = user(&by_curl);
    let (drv_2, out_2) = user(&by_magic);
    let (_, out_3) = user(&otherwise_named);
    assert_ne!(drv_1, drv_2);
    assert_eq!(out_1, out_2);
    assert_ne!(out_1, out_3, "the name of a fixed output does matter");
}

#[test]
fn long_chains_and_wide_diamonds_are_linear() {
    // Each of 5,000 needs the two before it: more paths than could ever be walked, and no deep recursion either.
    let (mut graph, mut cache) = (Graph::new(), ModuloCache::new());
    let mut last = Vec::new();
    for index in 0..5_000 {
        let name = format!("link-{index}");
        let path = make(&mut graph, &mut cache, &name, &last, OutputContents::Unknown);
        last.insert(0, path);
        last.truncate(2);
    }
    let top = &graph[&last[0]];
    let mut asked = BTreeSet::new();
    let mut fresh = ModuloCache::new();
    fresh
        .hash(&StoreDir::default(), top, |path| {
            assert!(asked.insert(path.clone()), "{path} asked for twice");
            lookup(&graph)(path)
        })
        .unwrap();
    assert_eq!(asked.len(), graph.len() - 1);
    assert_eq!(fresh.len(), graph.len() - 1);
    for (path, hash) in asked.iter().filter_map(|path| Some((path, cache.get(path)?))) {
        assert_eq!(fresh.get(path), Some(hash));
    }
}

#[test]
fn missing_inputs_cycles_and_bad_names_are_errors() {
    let store_dir = StoreDir::default();
    let input = |path: &str| text(OUT, &format!(r#"("{path}.drv",["out"])"#), "", "", "");
    let (a, b) = (parse(&input(B)).unwrap(), parse(&input(A)).unwrap());
    let path_a = store_dir.parse(&format!("{A}.drv")).unwrap();
    let graph = Graph::from([(path_a.clone(), Arc::new(a.clone()))]);
    let fill = |drv: &Derivation, name: &str, graph: &Graph| {
        let mut filled = drv.clone();
        let result = filled.fill_outputs(&store_dir, name, &mut ModuloCache::new(), lookup(graph));
        if result.is_err() {
            assert_eq!(filled, *drv, "as it was");
        }
        result.unwrap_err()
    };
    let error = fill(&b, "b", &graph);
    assert!(matches!(&error, ModuloError::Input { error: "not there", .. }), "{error}");
    let mut cyclic = graph.clone();
    let path_b = store_dir.parse(&format!("{B}.drv")).unwrap();
    cyclic.insert(path_b, Arc::new(b.clone()));
    assert!(matches!(fill(&b, "b", &cyclic), ModuloError::Cycle { .. }));

    let empty = Graph::new();
    let alone = parse(&text(OUT, "", "", "", "")).unwrap();
    assert!(matches!(fill(&alone, "a b", &empty), ModuloError::Path(_)));
    let hash = "7f".repeat(32);
    let output = format!(r#"("lib","","sha256","{hash}")"#);
    let fixed = parse(&text(&output, "", "", "", "")).unwrap();
    assert_eq!(fill(&fixed, "x", &empty), ModuloError::FixedOutputName { output: "lib".into() });
}

// --- Round trips.

fn store_paths(suffix: &'static str) -> impl Strategy<Value = StorePath> {
    ("[0-9a-df-np-s]{32}", "[a-zA-Z0-9+_?=-]{1,12}")
        .prop_filter("base32", |(digits, _)| !digits.contains('o'))
        .prop_map(move |(digits, name)| format!("{digits}-{name}{suffix}").parse().unwrap())
}

fn contents() -> impl Strategy<Value = OutputContents> {
    let method = prop_oneof![Just(HashMethod::Flat), Just(HashMethod::Recursive)];
    let algorithm = prop::sample::select(HashAlgorithm::ALL);
    (method, algorithm, any::<u64>(), 0..3).prop_map(|(method, algorithm, seed, kind)| match kind {
        0 => OutputContents::Unknown,
        1 => OutputContents::Algorithm(method, algorithm),
        _ => OutputContents::Fixed(method, Hash::of(algorithm, &seed.to_le_bytes())),
    })
}

fn derivations() -> impl Strategy<Value = Derivation> {
    let string = || prop_oneof!["[ -~]{0,20}", "[\\n\\t\\r\"\\\\]{0,4}", "\\PC{0,10}"];
    let output = (prop::option::of(store_paths("")), contents())
        .prop_map(|(path, contents)| DerivationOutput { path, contents });
    (
        prop::collection::btree_map(string(), output, 0..4),
        prop::collection::btree_map(
            store_paths(".drv"),
            prop::collection::btree_set(string(), 0..3),
            0..4,
        ),
        prop::collection::btree_set(store_paths(""), 0..4),
        string(),
        string(),
        prop::collection::vec(string(), 0..4),
        prop::collection::btree_map(string(), string(), 0..4),
    )
        .prop_map(|(outputs, inputs, sources, system, builder, args, env)| Derivation {
            outputs,
            inputs,
            sources,
            system,
            builder,
            args,
            env,
        })
}

proptest! {
    #[test]
    fn what_is_printed_parses(drv in derivations(), size in 1usize..40) {
        let store_dir = StoreDir::default();
        let bytes = drv.to_bytes(&store_dir);
        let parsed = Derivation::parse(&store_dir, &bytes);
        prop_assert_eq!(parsed.as_ref(), Ok(&drv));
        let mut parser = DerivationParser::new(store_dir);
        for piece in bytes.chunks(size) {
            parser.feed(piece).unwrap();
        }
        prop_assert_eq!(parser.finish(), Ok(drv));
    }
}
