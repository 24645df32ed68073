#!/usr/bin/env bash
# What ./test --slow adds to its tests: the format, clang's warnings and its thread-safety analysis, headers that compile
# alone, the fuzzers.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)
seconds_a_fuzzer=60

echo "== format"
git ls-files 'src/*.cc' 'src/*.h' 'bench/*.cc' 'bench/*.h' 'tests/*.cc' | xargs clang-format --dry-run --Werror

echo "== clang"
cmake --preset clang > /dev/null
ninja -C build-clang -j "$jobs" > build-clang.log 2>&1 || { tail -n 60 build-clang.log; exit 1; }

echo "== each header compiles alone"
ninja -C build-clang -j "$jobs" headers_alone > build-clang.log 2>&1 || { tail -n 60 build-clang.log; exit 1; }

echo "== fuzzers: every seed, then $seconds_a_fuzzer seconds each"
tools/fuzz.sh $seconds_a_fuzzer
