#!/bin/sh
# A worker with a GPU of its own. An engine that gives every container all GPUs of the box leaves it to us that no two
# take the same: each locks a file, GPU after GPU, and the lock ends with the process, however that ends.
#
#   lockstep-worker LOCKS FLAGS...    LOCKS: a folder that the workers of this box share
set -eu
locks=$1
shift
count=0
if command -v nvidia-smi >/dev/null; then count=$(nvidia-smi -L | grep -c '^GPU ' || true); fi
[ "$count" -gt 0 ] || exec lockstep worker "$@" # where a GPU is expected, the worker says that there is none
index=0
while [ "$index" -lt "$count" ]; do
  exec 9>"$locks/gpu-$index"
  if flock --nonblock 9; then
    export CUDA_VISIBLE_DEVICES="$index"
    exec lockstep worker "$@"
  fi
  index=$((index + 1))
done
echo "lockstep: each of the $count GPUs has a worker already: start no more workers than there are GPUs" >&2
exit 69
