#!/usr/bin/env bash
# Builds what measure.sh runs, into a folder that can be taken to a machine with a GPU and nothing else.
# usage: benches/gpu/build.sh [FOLDER] [FEATURES]   (with CUDA: target/gpu ulmfit/vulkan,ulmfit/cuda; it fetches LLVM)
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-target/gpu}
features=${2:-ulmfit/vulkan}
mkdir -p "$folder"

cargo build --release --features "$features" --bin ulmfit-bench
cp target/release/ulmfit-bench benches/gpu/measure.sh benches/gpu/peer.py "$folder"

for name in against_op_by_op half backends; do
  cargo test --release --features "$features" --test $name --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1 | xargs -I{} cp {} "$folder/$name"
done
echo "$folder: run ./measure.sh there"
