// SPDX-License-Identifier: GPL-3.0-or-later
//! The relocation tables: per item, its packages and what is special about them.
//!
//! What holds for every file (interpreter, run path, shebangs, linker scripts, dead host paths) is not here but in
//! `relocate`. A `retarget` is used only where the program takes the string's address; where its
//! length is compiled in, nothing but a rebuild helps, and the path is left dead.

use crate::recipe::Step;
use crate::universe::{LD_MARKER, Platform, TOOLS};

/// One item's table.
#[derive(Debug, Clone)]
pub struct Table {
    /// The item's name.
    pub name: &'static str,
    /// Patterns of its package names; `?` marks those that not every distribution has.
    pub debs: &'static [&'static str],
    /// Output names.
    pub outputs: &'static [&'static str],
    /// Items it needs besides the libraries that its packages depend on.
    pub inputs: &'static [&'static str],
    /// The steps.
    pub steps: Vec<Step>,
}

fn drop(pattern: &str) -> Step {
    Step::Drop(pattern.to_owned())
}

fn link(place: &str, target: &str) -> Step {
    Step::Link(place.to_owned(), target.to_owned())
}

fn retarget(pattern: &str, old: &str, new: &str) -> Step {
    Step::Retarget(pattern.to_owned(), old.to_owned(), new.to_owned())
}

fn moved(pattern: &str, output: &str) -> Step {
    Step::Move(pattern.to_owned(), output.to_owned())
}

/// Steps that every dynamically linked item has.
pub fn library(platform: &Platform) -> Vec<Step> {
    vec![Step::Interpreter(format!("@glibc@/lib/{}", platform.linker))]
}

/// A tool: table of an item that links against glibc and whose scripts want a shell.
fn tool(
    platform: &Platform,
    name: &'static str,
    debs: &'static [&'static str],
    steps: Vec<Step>,
) -> Table {
    let mut all = library(platform);
    all.push(Step::Shell("@bash@/bin/bash".to_owned()));
    all.extend(steps);
    Table { name, debs, outputs: &["out"], inputs: &["glibc", "bash"], steps: all }
}

/// All tables, in the order of `standard-packages` turned round: the most basic first.
pub fn tables(platform: &Platform) -> Vec<Table> {
    let sh = |pattern| retarget(pattern, "/bin/sh", "@bash@/bin/sh");
    let mut all = vec![glibc(platform), bash(platform), gcc(platform)];
    all.push(binutils(platform));
    all.push(Table {
        name: "ld-wrapper",
        debs: &[],
        outputs: &["out"],
        inputs: &["binutils", TOOLS],
        steps: vec![
            Step::Copy("bin/ld".into(), format!("@{TOOLS}@/bin/fruix-ld-wrapper")),
            Step::Fill("bin/ld".into(), LD_MARKER.into(), "@binutils@/bin/ld".into()),
        ],
    });
    let tool = |name, debs, steps| tool(platform, name, debs, steps);
    all.push(tool("make", &["make"], vec![sh("bin/make")]));
    let coreutils = vec![
        sh("bin/split"),
        sh("sbin/chroot"),
        retarget("bin/stdbuf", "/usr/libexec/coreutils", "@out@/libexec/coreutils"),
    ];
    all.push(tool("coreutils", &["coreutils", "?gnu-coreutils"], coreutils));
    let xz = ["lzma", "unlzma", "lzcat"].map(|name| link(&format!("bin/{name}"), "xz"));
    all.push(tool("xz", &["xz-utils"], xz.to_vec()));
    all.push(tool("grep", &["grep"], vec![]));
    all.push(tool("sed", &["sed"], vec![]));
    // The parallel variant is C++ and would be the only thing here to need GCC's libraries.
    all.push(tool("zstd", &["zstd"], vec![drop("bin/pzstd")]));
    all.push(tool(
        "gawk",
        &["gawk"],
        vec![
            link("bin/awk", "gawk"),
            sh("bin/gawk"),
            retarget("bin/gawk", ".:/usr/share/awk", ".:@out@/share/awk"),
        ],
    ));
    all.push(tool("findutils", &["findutils"], vec![]));
    all.push(tool("patch", &["patch"], vec![]));
    let mut diffutils = tool(
        "diffutils",
        &["diffutils"],
        vec![retarget("bin/diff", "/usr/bin/pr", "@coreutils@/bin/pr")],
    );
    diffutils.inputs = &["glibc", "bash", "coreutils"];
    all.push(diffutils);
    all.push(tool(
        "file",
        &["file", "libmagic*"],
        vec![retarget(
            "lib/libmagic.so.1*",
            "/etc/magic:/usr/share/misc/magic",
            "@out@/share/misc/magic",
        )],
    ));
    all.push(tool("bzip2", &["bzip2"], vec![]));
    all.push(tool("gzip", &["gzip"], vec![]));
    // `tarcat` and `rmt` serve remote tape drives.
    all.push(tool("tar", &["tar"], vec![drop("sbin/*"), sh("bin/tar")]));
    all
}

fn glibc(platform: &Platform) -> Table {
    let archive = "@out@/lib/locale/locale-archive";
    let mut steps = vec![
        Step::Interpreter(format!("@out@/lib/{}", platform.linker)),
        // libc starts a shell: a static one in libc's own item closes no cycle.
        Step::Shell("@out@/bin/sh".to_owned()),
        link("bin/sh", "bash-static"),
        drop("lib/pkgconfig/*"),
        // Time zone tools without time zones.
        drop("bin/tzselect"),
        Step::Text("include/paths.h".into(), "/bin/sh".into(), "@out@/bin/sh".into()),
        // system, popen, and execvp of a file without #!.
        retarget("lib/libc.so.6", "/bin/sh", "@out@/bin/sh"),
        retarget("lib/libc.so.6", "/usr/lib/locale/locale-archive", archive),
        retarget("bin/bash-static", "/usr/lib/locale/locale-archive", archive),
        // The cache names the directory of the modules; `GCONV_PATH`'s default has its length compiled in.
        retarget(
            "lib/libc.so.6",
            &format!("/usr/lib/{}/gconv/gconv-modules.cache", platform.triplet),
            "@out@/lib/gconv/gconv-modules.cache",
        ),
    ];
    for archive in [
        "libc",
        "libm",
        "libm-*",
        "libmvec",
        "libg",
        "libresolv",
        "libBrokenLocale",
        "libcrypt",
        "libmcheck",
    ] {
        steps.push(moved(&format!("lib/{archive}.a"), "static"));
    }
    steps.push(Step::Run(vec![
        "@out@/sbin/iconvconfig".into(),
        "--nostdlib".into(),
        "--output=@out@/lib/gconv/gconv-modules.cache".into(),
        "@out@/lib/gconv".into(),
    ]));
    // The default directory of locales has its length compiled in; the archive's name has not. So C.UTF-8 goes
    // into an archive. `localedef` puts it at the prefix and its own compiled-in, now dead, path.
    steps.push(Step::Directory("@tmp@/.../lib/locale".into()));
    steps.push(Step::Run(vec![
        "@out@/bin/localedef".into(),
        "--prefix=@tmp@".into(),
        "--add-to-archive".into(),
        "@out@/lib/locale/C.utf8".into(),
    ]));
    steps.push(Step::Take(
        "lib/locale/locale-archive".into(),
        "@tmp@/.../lib/locale/locale-archive".into(),
    ));
    Table {
        name: "glibc",
        // libgcc_s is beside libc because libc loads it (pthread_cancel, backtrace).
        debs: &[
            "libc6",
            "libc6-dev",
            "libc-bin",
            "linux-libc-dev",
            "?libcrypt1",
            "?libcrypt2",
            "?libc-gconv-modules-extra",
            "?libcrypt-dev",
            "libgcc-s1",
            "bash-static",
        ],
        outputs: &["out", "static"],
        inputs: &[],
        steps,
    }
}

fn bash(platform: &Platform) -> Table {
    let mut steps = library(platform);
    steps.extend([
        Step::Shell("@out@/bin/bash".to_owned()),
        link("bin/sh", "bash"),
        drop("bin/clear_console"),
    ]);
    Table { name: "bash", debs: &["bash"], outputs: &["out"], inputs: &["glibc"], steps }
}

fn binutils(platform: &Platform) -> Table {
    // The profiler runs half a dozen host programs by name, and nothing builds with it.
    let steps = vec![drop("bin/*gp-*"), drop("bin/*gprofng*"), drop("lib/gprofng/*")];
    let debs = &["binutils", "binutils-*linux-gnu*", "libbinutils", "libctf*", "?libsframe*"];
    tool(platform, "binutils", debs, steps)
}

fn gcc(platform: &Platform) -> Table {
    let Platform { triplet, linker, gcc } = platform;
    let private = format!("lib/gcc/{triplet}/{gcc}");
    let mut steps = library(platform);
    for name in
        ["gcc", "g++", "cpp", "gcc-ar", "gcc-nm", "gcc-ranlib", "gcov", "gcov-tool", "gcov-dump"]
    {
        steps.push(link(&format!("bin/{name}"), &format!("{name}-{gcc}")));
    }
    steps.extend([
        link("bin/cc", "gcc"),
        link("bin/c++", "g++"),
        drop("bin/*lto-dump*"),
        drop(&format!("{private}/plugin/*")),
        drop(&format!("{private}/libcc1*")),
        drop(&format!("{private}/libsanitizer.spec")),
        drop(&format!("{private}/g++-mapper-server")),
    ]);
    for name in ["asan", "tsan", "lsan", "ubsan", "hwasan", "itm", "quadmath"] {
        steps.push(drop(&format!("{private}/lib{name}*")));
    }
    // What programs link at run time is in an output of its own, and so are the links through which the
    // linker finds it: the wrapper takes the run path from there.
    steps.push(moved("lib/lib*.so*", "lib"));
    for name in ["gcc_s", "stdc++", "gomp", "atomic"] {
        steps.push(drop(&format!("{private}/lib{name}.so")));
        if name != "gcc_s" {
            let major = if name == "stdc++" { "6" } else { "1" };
            let place = format!("lib/lib{name}.so");
            steps.push(link(&place, &format!("lib{name}.so.{major}")));
            steps.push(moved(&place, "lib"));
        }
    }
    // Newer GCC links through these scripts.
    for name in ["libatomic_asneeded.so", "libgcc_s_asneeded.so"] {
        let place = format!("lib/{name}");
        steps.push(Step::Rename(format!("{private}/{name}"), place.clone()));
        steps.push(moved(&place, "lib"));
    }
    steps.push(Step::Write(
        "lib/libgcc_s.so".into(),
        "/* The shared library first, then what only the static one has. */\nGROUP ( libgcc_s.so.1 -lgcc )\n"
            .into(),
    ));
    steps.push(moved("lib/libgcc_s.so", "lib"));
    steps.push(specs(&format!("{private}/specs"), linker));
    Table {
        name: "gcc",
        debs: &[
            "gcc-*",
            "cpp-*",
            "g++-*",
            "libgcc-*-dev",
            "libstdc++-*-dev",
            "libgcc-s1",
            "libstdc++6",
            "?libgomp1",
            "?libatomic1",
        ],
        outputs: &["out", "lib"],
        inputs: &["glibc"],
        steps,
    }
}

/// Where libc is, which GCC's own search paths, relative to where it stands, do not tell. When there is a file of
/// specs, GCC takes no built-in one (not even the parts that it makes up when it starts), so the file
/// is what GCC prints, and more.
fn specs(place: &str, linker: &str) -> Step {
    let link = format!(
        "%{{!r:%{{!static:%{{!static-pie:-rpath @glibc@/lib \
         %{{!shared:-dynamic-linker @glibc@/lib/{linker}}}}}}}}}"
    );
    let words = [
        "@out@/bin/gcc",
        place,
        // Where the start files are; also becomes `-L` for the linker.
        "startfile_prefix_spec",
        "@glibc@/lib/ @lib@/lib/",
        // After GCC's own and C++'s headers, whose `#include_next` must find these.
        "cpp_unique_options",
        "%{!nostdinc:-idirafter @glibc@/include}",
        "link",
        &link,
    ];
    Step::Specs(words.map(str::to_owned).to_vec())
}
