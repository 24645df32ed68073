#!/usr/bin/env bash
# What ./test --slow adds: the unit and API suites under AddressSanitizer and UndefinedBehaviorSanitizer, clang's warnings
# and its thread-safety analysis, the format.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)
python=/usr/bin/python3

echo "== format"
git ls-files 'src/*.cc' 'src/*.h' 'bench/*.cc' 'bench/*.h' | xargs clang-format --dry-run --Werror

echo "== sanitizers: build"
cmake --preset asan > /dev/null
ninja -C build-asan -j "$jobs" > build-asan.log 2>&1 || { tail -n 60 build-asan.log; exit 1; }
echo "== sanitizers: unit tests"
ctest --test-dir build-asan --output-on-failure -j "$jobs"
echo "== sanitizers: API tests"
ATTUNE_BUILD=$PWD/build-asan $python -m pytest -q tests/api tests/examples -m "not slow"

echo "== clang"
cmake --preset clang > /dev/null
ninja -C build-clang -j "$jobs" > build-clang.log 2>&1 || { tail -n 60 build-clang.log; exit 1; }

echo "== fuzzers: every seed, then a minute of the filter language"
cmake -G Ninja -B build-fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++ -DATTUNE_FUZZERS=ON \
  -DATTUNE_SANITIZE=address,undefined > /dev/null
fuzzers=$(cd tests/fuzz && echo *)
# shellcheck disable=SC2086
ninja -C build-fuzz -j "$jobs" $fuzzers > build-fuzz.log 2>&1 || { tail -n 60 build-fuzz.log; exit 1; }
ctest --test-dir build-fuzz --output-on-failure -R '_fuzz$'
corpus=$(mktemp -d)
cp tests/fuzz/filter_fuzz/* "$corpus"
build-fuzz/filter_fuzz -max_total_time=60 -max_len=4096 "$corpus" > build-fuzz.log 2>&1 ||
  { tail -n 60 build-fuzz.log; exit 1; }
