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
cmake -G Ninja -B build-fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++ -DATTUNE_FUZZERS=ON \
  -DATTUNE_SANITIZE=address,undefined > /dev/null
fuzzers=$(cd tests/fuzz && echo *)
# shellcheck disable=SC2086
ninja -C build-fuzz -j "$jobs" $fuzzers > build-fuzz.log 2>&1 || { tail -n 60 build-fuzz.log; exit 1; }
ctest --test-dir build-fuzz --output-on-failure -R '_fuzz$'
for fuzzer in $fuzzers; do
  corpus=$(mktemp -d)
  cp tests/fuzz/"$fuzzer"/* "$corpus"
  build-fuzz/"$fuzzer" -max_total_time=$seconds_a_fuzzer -max_len=4096 "$corpus" > build-fuzz.log 2>&1 ||
    { tail -n 60 build-fuzz.log; exit 1; }
  rm -r "$corpus"
done
