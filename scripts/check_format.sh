#!/usr/bin/env bash
# Fails if a C++ file of the project is not as clang-format would write it; `./run format` mends it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
git ls-files -- '*.cpp' '*.hpp' | xargs -r clang-format --dry-run -Werror
