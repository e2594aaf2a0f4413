#!/usr/bin/env bash
# clang-tidy over the library's sources. Needs a configured build folder (compile_commands.json).
#   scripts/check_tidy.sh BUILD           all files
#   scripts/check_tidy.sh BUILD REVISION  those that differ from REVISION
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:?"usage: scripts/check_tidy.sh BUILD [REVISION]"}
if [[ $# -gt 1 ]] && git rev-parse --verify --quiet "$2^{commit}" >/dev/null; then
  mapfile -t files < <(git diff --name-only --diff-filter=d "$2" -- 'src/*.cpp')
else
  mapfile -t files < <(git ls-files -- 'src/*.cpp')
fi
# ITK's headers refuse clang in C++20: what includes them is left to g++'s warnings.
mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -v '^src/io/decode/\(main\|itk_volume\)\.cpp$')
# Files that this build has not (another engine's stub) have no flags to be read with.
wanted=()
for file in "${files[@]}"; do
  if grep -q "\"file\": \"$PWD/$file\"" "$build/compile_commands.json"; then
    wanted+=("$file")
  fi
done
echo "clang-tidy: ${#wanted[@]} files"
if [[ ${#wanted[@]} -gt 0 ]]; then
  printf '%s\0' "${wanted[@]}" |
    xargs -0 -n 1 -P "${TENON_JOBS:-2}" clang-tidy -p "$build" --quiet --extra-arg=-Wno-unknown-warning-option
fi
