#!/usr/bin/env bash
# sanitizer_checks.sh asan|tsan: the unit and API suites in a build of that preset. Any finding fails a test: the
# sanitizers end the process, and a server that did not end with status 0 fails the suite that started it.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
build=build-$preset
export ATTUNE_TEST_JOB_SECONDS=900  # What a training may take in tests.
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:suppressions=$PWD/tests/thread_sanitizer_suppressions.txt

cmake --preset "$preset" -DATTUNE_TESTS=ON -DATTUNE_BENCHMARKS=OFF > "$build.log"
ninja -C "$build" -j "$(nproc)" > "$build.log" 2>&1 || { tail -n 60 "$build.log"; exit 1; }
ctest --test-dir "$build" --output-on-failure -j "$(nproc)"
ATTUNE_BUILD=$PWD/$build /usr/bin/python3 -m pytest -q -n "$(nproc)" --dist loadfile tests/api tests/server tests/examples -m "not slow and not memory"
