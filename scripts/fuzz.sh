#!/usr/bin/env bash
# Runs every fuzz target of the readers: scripts/fuzz.sh SECONDS [TARGET…]. Builds them first, with
# clang. What a target finds lies in build-fuzz/found/; what it learns, in build-fuzz/corpus/, is
# gone on from the next time. Ends with 1 if anything was found, 77 where clang has no libFuzzer.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:?"usage: scripts/fuzz.sh SECONDS [TARGET...]"}
shift
jobs=${TENON_JOBS:-2}

probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' >"$probe/probe.cpp"
if ! clang++ -fsanitize=fuzzer,address,undefined -o "$probe/probe" "$probe/probe.cpp" 2>"$probe/reason"; then
  echo "fuzz: skipped, clang++ with libFuzzer is missing (Debian: clang, libclang-rt-dev): $(head -n 1 "$probe/reason")"
  exit 77
fi

cmake --preset fuzz >/dev/null && cmake --build build-fuzz --parallel "$jobs" || exit 1
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for source in tests/fuzz/*_fuzz.cpp; do
    targets+=("$(basename "$source" _fuzz.cpp)")
  done
fi

export UBSAN_OPTIONS=print_stacktrace=1
mkdir -p build-fuzz/found
failed=()
for target in "${targets[@]}"; do
  mkdir -p "build-fuzz/corpus/$target"
  log="build-fuzz/$target.log"
  start=$SECONDS
  if "build-fuzz/tests/fuzz/${target}_fuzz" "build-fuzz/corpus/$target" "tests/fuzz/corpus/$target" \
    -max_total_time="$seconds" -max_len=8192 -timeout=20 -rss_limit_mb=4096 \
    -artifact_prefix="build-fuzz/found/$target-" -print_final_stats=1 >"$log" 2>&1; then
    echo "fuzz $target: nothing found in $((SECONDS - start)) s, $(sed -nE 's/^stat::number_of_executed_units: +//p' "$log") runs"
  else
    echo "fuzz $target: FOUND something, see $log"
    tail -n 40 "$log"
    failed+=("$target")
  fi
done
[[ ${#failed[@]} -eq 0 ]]
