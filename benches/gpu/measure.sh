#!/usr/bin/env bash
# Everything that is to be known of a GPU, in less than eight minutes: equal results, pace beside PyTorch, flat memory.
# usage, in the folder that build.sh has made: ./measure.sh [DEVICE ...]   (default: vulkan)
# Prints JSON lines; a part that fails, or finds no time left, is told on the standard error, and the rest goes on.
set -uo pipefail
cd "$(dirname "$0")"
devices=("$@")
if [ ${#devices[@]} -eq 0 ]; then devices=(vulkan); fi

# Runs a command for so many seconds at most, and for no more than is left of 460.
try() {
  local limit=$1 left=$((460 - SECONDS))
  shift
  if [ "$left" -le 0 ]; then
    echo "no time left: $*" >&2
    return 1
  fi
  timeout $((limit < left ? limit : left)) "$@" || { echo "failed ($?): $*" >&2; return 1; }
}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader >&2
try 90 ./against_op_by_op >&2
try 60 ./half --nocapture >&2
try 60 ./backends >&2

for bs in 64 256; do
  for device in "${devices[@]}"; do
    step=(./ulmfit-bench lm --device "$device" --vocab 60000 --bs $bs --seq 70 --iters 20)
    try 60 "${step[@]}"
    # Where a card has no bf16, as through WGSL.
    try 60 "${step[@]}" --precision bf16 || try 60 "${step[@]}" --precision fp16
  done
  try 60 python3 peer.py --vocab 60000 --bs $bs
  try 60 python3 peer.py --vocab 60000 --bs $bs --tf32
  try 60 python3 peer.py --vocab 60000 --bs $bs --amp bf16
done

# A leak shows as device_MB above device_MB_early.
for device in "${devices[@]}"; do
  try 90 ./ulmfit-bench lm --device "$device" --vocab 20000 --bs 32 --seq 70 --iters 500 --sizes 200 512 3
done

# Where the time of a step goes, kernel by kernel: the table at the end of profile-DEVICE.log. Four steps, which wait for
# every launch and are slower for it.
for device in "${devices[@]}"; do
  log=profile-${device//:/-}.log
  rm -f "$log"
  CUBECL_DEBUG_OPTION=profile CUBECL_DEBUG_LOG=$log \
    try 60 ./ulmfit-bench lm --device "$device" --vocab 60000 --bs 64 --seq 70 --iters 3 >&2
  echo "$log: where the time of a step goes" >&2
done
