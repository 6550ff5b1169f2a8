# SPDX-License-Identifier: GPL-3.0-or-later
# Runs inside the root that holds only the seed.
set -e -o pipefail
export PATH=$INSIDE_PATH
cd /tmp
say() { echo "-- $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

for dir in /usr /bin /lib /lib64 /etc; do
    [ ! -e $dir ] || fail "$dir is there"
done

say versions
for tool in tar gzip bzip2 file diff patch find xargs gawk awk zstd sed grep xz ls make bash ld ld.bfd \
    as ar nm objdump readelf strip gcc g++ cpp cc iconv sdiff cmp; do
    $tool --version </dev/null >version 2>&1 || { cat version; fail "$tool --version"; }
done

say shells
[ "$(gawk 'BEGIN { "echo from-popen" | getline x; print x; system("echo from-system") }')" = "from-popen
from-system" ] || fail "gawk system/popen"
printf 'all:\n\t@for i in 1 2; do echo $$i; done\n' >sh.mk
[ "$(make -f sh.mk | tr '\n' ' ')" = "1 2 " ] || fail "make's shell"
echo x | sed 's/x/echo sed-e/e' | grep -q '^sed-e$' || fail "sed e"
printf '1\n2\n' | split -l 1 --filter='cat >split-$FILE' - && [ "$(cat split-xab)" = 2 ] || fail "split"
[ "$(stdbuf -o0 echo buffered)" = buffered ] || fail stdbuf
printf 'a\n' >a; printf 'b\n' >b
{ diff -l a b || true; } | grep -q . || fail "diff -l through pr"
diff -u a b >a.patch || true
patch -s a a.patch && cmp a b || fail patch

say archives
for kind in gzip bzip2 xz zstd; do
    tar -c --use-compress-program=$kind -f t.tar a b && tar -tf t.tar | grep -q '^b$' || fail "tar with $kind"
done
gzip -c a >a.gz && zgrep -q b a.gz && zcat a.gz | cmp - a || fail "gzip's scripts"
xz -k a && xzgrep -q b a.xz || fail xzgrep

say magic
file -b a | grep -q 'ASCII text' || fail "file on text"
printf '#!/bin/sh\n' >s; file -b s | grep -q 'shell script' || fail "file on a script"
file -b $item_bash/bin/bash | grep -q "interpreter $item_glibc" || fail "file on a program"

say iconv and locale
[ "$(printf 'Gr\374n' | iconv -f ISO-8859-15 -t UTF-8)" = "Grün" ] || fail "iconv through a gconv module"
[ "$(printf 'ü' | wc -m)" = 1 ] || fail "C.UTF-8"
gawk 'BEGIN { print length("ü") }' | grep -qx 1 || fail "gawk in C.UTF-8"

say C
cat >c.c <<'C'
#include <limits.h>
#include <math.h>
#include <paths.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <linux/limits.h>
static void *run(void *x) { for (;;) sleep(1); return x; }
int main(int argc, char **argv) {
    pthread_t t;
    pthread_create(&t, 0, run, 0);
    pthread_cancel(t);
    pthread_join(t, 0);
    printf("%d %s\n", (int) floor(sqrt(argc * 16.0) + INT_MAX % 2 - 1), _PATH_BSHELL);
    fflush(stdout);
    return system("echo from C");
}
C
gcc -O2 -Wall -Werror -o c c.c -lm -pthread
[ "$(./c)" = "4 $item_glibc/bin/sh
from C" ] || fail "a C program"
readelf -lW c | grep -q "interpreter: $item_glibc/lib/ld" || fail "its interpreter"
readelf -dW c | grep RUNPATH | grep -q "$item_glibc/lib" || fail "its run path"
gcc -static -o c-static c.c -lm && [ "$(./c-static | head -1)" = "4 $item_glibc/bin/sh" ] || fail "static"
readelf -lW c-static | grep -q INTERP && fail "static has an interpreter"
gcc -static-pie -fPIE -o c-static-pie c.c -lm && ./c-static-pie >/dev/null || fail "static and position-independent"
gcc -flto -O2 -o c-lto c.c -lm && ./c-lto >/dev/null || fail "link-time optimisation"
gcc -shared -fPIC -o libx.so -x c - <<<'int x(void) { return 3; }' || fail "shared library"
gcc -fopenmp -o omp -x c - <<<'int main(void) { int n = 0;
#pragma omp parallel for reduction(+:n)
for (int i = 0; i < 4; i++) n += i; return n - 6; }' && ./omp || fail OpenMP

say C++
cat >p.cc <<'C'
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
int main() { try { throw std::runtime_error("caught"); } catch (std::exception &e) { std::cout << e.what() << "\n"; } }
C
g++ -O2 -o p p.cc && [ "$(./p)" = caught ] || fail "a C++ program"
readelf -dW p | grep RUNPATH | grep -q "$item_gcc_lib/lib" || fail "its run path"

for link in bfd gold; do
    # Newer distributions have dropped gold.
    type -p ld.$link >/dev/null || continue
    gcc -fuse-ld=$link -o c-ld c.c -lm || fail "linking with $link"
done

build() {
    name=$1 archive=$2; shift 2
    [ -e "$archive" ] || { echo "SKIPPED: no source of $name"; return; }
    say "build $name"
    mkdir $name-build
    tar -xf "$archive" -C $name-build --strip-components=1 --no-same-owner
    (cd $name-build
     # What the phases patch-source-shebangs and patch-makefile-SHELL do.
     grep -rlE '^#! *(/usr)?/bin/|^SHELL *= */bin/sh' . | while read -r f; do
         touch -r "$f" ../stamp
         sed -i -E "1s,^#! */bin/(ba)?sh,#!$item_bash/bin/bash,;s,^SHELL *= */bin/sh,SHELL = $item_bash/bin/bash," "$f"
         touch -r ../stamp "$f"
     done
     export CONFIG_SHELL=$item_bash/bin/bash SHELL=$item_bash/bin/bash
     { bash ./configure --prefix=/tmp/installed/$name "$@" && make SHELL=$SHELL && make SHELL=$SHELL install; } >../$name.log 2>&1 ||
         { tail -60 ../$name.log; exit 1; }) || fail "building $name"
}
build hello hello.tar.gz
if [ -d hello-build ]; then
    (cd hello-build && make check) >hello-check.log 2>&1 || { tail -60 hello-check.log; fail "hello's tests"; }
    grep -E '^# (PASS|FAIL|ERROR|TOTAL)' hello-check.log
    [ "$(installed/hello/bin/hello)" = "Hello, world!" ] || fail hello
    readelf -dW installed/hello/bin/hello | grep RUNPATH >run-path
    cat run-path
    ! grep -q "$item_gcc/" run-path || fail "hello would keep all of GCC"
fi
if [ -n "$LONG" ]; then
    build bash bash.tar --disable-nls --without-bash-malloc
    [ ! -d bash-build ] || installed/bash/bin/bash -c 'echo built' >/dev/null || fail "bash from source"
fi
say all well
