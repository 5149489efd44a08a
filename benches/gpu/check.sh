#!/usr/bin/env bash
# Whether the builds that .ci/run has no time for compile: SPIR-V instead of WGSL, Burn's fusion, CUDA.
# usage: benches/gpu/check.sh [FEATURES ...]   (default: each of those below)
# `cuda` fetches LLVM while it is built (Burn's compiler for it), but not where it is only checked, as for docs.rs.
set -euo pipefail
cd "$(dirname "$0")/../.."
export DOCS_RS=1
builds=("$@")
if [ ${#builds[@]} -eq 0 ]; then builds=(vulkan vulkan,fusion cuda); fi

for build in "${builds[@]}"; do
  echo "== $build"
  cargo check --features "ulmfit/${build//,/,ulmfit/}" --bin ulmfit --bin ulmfit-bench --test against_op_by_op --test half --test backends
done
