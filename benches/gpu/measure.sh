#!/usr/bin/env bash
# Everything that is to be known of a GPU, in less than eight minutes: equal results, pace beside PyTorch, flat memory.
# usage, in the folder that build.sh has made: ./measure.sh [DEVICE ...]   (default: vulkan)
# Prints JSON lines; a part that fails is told on the standard error, and the rest goes on.
set -uo pipefail
cd "$(dirname "$0")"
devices=("$@")
if [ ${#devices[@]} -eq 0 ]; then devices=(vulkan); fi

try() { timeout "$1" "${@:2}" || echo "failed ($?): ${*:2}" >&2; }

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader >&2
try 90 ./against_op_by_op >&2
try 60 ./backends >&2

for bs in 64 256; do
  for device in "${devices[@]}"; do
    try 60 ./ulmfit-bench lm --device "$device" --vocab 60000 --bs $bs --seq 70 --iters 20
  done
  try 60 python3 peer.py --vocab 60000 --bs $bs
  try 60 python3 peer.py --vocab 60000 --bs $bs --tf32
  try 60 python3 peer.py --vocab 60000 --bs $bs --amp bf16
done

# A leak shows as device_MB above device_MB_early.
for device in "${devices[@]}"; do
  try 90 ./ulmfit-bench lm --device "$device" --vocab 20000 --bs 32 --seq 70 --iters 500 --sizes 200 512 3
done
