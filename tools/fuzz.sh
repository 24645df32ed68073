#!/usr/bin/env bash
# fuzz.sh [SECONDS [FUZZER...]]: builds the fuzzers, runs each over its seeds, then for so long (60) over what it grew.
#
# What a fuzzer finds that the seeds in tests/fuzz do not reach is kept between runs in fuzz-corpora/ (not in git; another
# folder by ATTUNE_FUZZ_CORPORA): after each run the fewest and smallest inputs that reach as much, inputs_max of at most
# input_bytes_max each. What crashes is kept there too, beside the folders.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)
seconds=${1:-60}
shift $(($# > 0))
fuzzers=${*:-$(cd tests/fuzz && echo *_fuzz)}
corpora=${ATTUNE_FUZZ_CORPORA:-fuzz-corpora}
inputs_max=1000
input_bytes_max=4096
# Else it would tell of what is undefined and go on.
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# The grown inputs of FOLDER that add to the seeds, the smallest first, take the place of all.
minimise() {  # minimise FUZZER FOLDER
  local fuzzer=$1 folder=$2 kept seed
  kept=$(mktemp -d "$corpora/minimising.XXXXXX")
  cp tests/fuzz/"$fuzzer"/* "$kept"
  build-fuzz/"$fuzzer" -merge=1 -max_len=$input_bytes_max "$kept" "$folder" > build-fuzz.log 2>&1 ||
    { tail -n 60 build-fuzz.log; return 1; }
  for seed in tests/fuzz/"$fuzzer"/*; do rm "$kept/${seed##*/}"; done
  find "$kept" -type f -printf '%s %p\n' | sort -n | tail -n +$((inputs_max + 1)) | cut -d' ' -f2- | xargs -r rm
  rm -r "$folder"
  mv "$kept" "$folder"
}

cmake -G Ninja -B build-fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++ -DATTUNE_FUZZERS=ON \
  -DATTUNE_SANITIZE=address,undefined > /dev/null
# shellcheck disable=SC2086  # A list of words.
ninja -C build-fuzz -j "$jobs" $fuzzers > build-fuzz.log 2>&1 || { tail -n 60 build-fuzz.log; exit 1; }
rm -rf "$corpora"/minimising.*  # Of a run that was stopped.
for fuzzer in $fuzzers; do
  grown=$corpora/$fuzzer
  mkdir -p "$grown"
  build-fuzz/"$fuzzer" tests/fuzz/"$fuzzer"/* > build-fuzz.log 2>&1 || { tail -n 60 build-fuzz.log; exit 1; }
  build-fuzz/"$fuzzer" -max_total_time="$seconds" -max_len=$input_bytes_max -artifact_prefix="$corpora/$fuzzer-" \
    "$grown" tests/fuzz/"$fuzzer" > build-fuzz.log 2>&1 || { tail -n 60 build-fuzz.log; exit 1; }
  minimise "$fuzzer" "$grown"
done
