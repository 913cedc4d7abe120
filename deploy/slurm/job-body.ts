/**
 * The part of the job script that is the same for every run; in bash 4.4 and later, checked by shellcheck in the tests.
 *
 * How a job can end, and what follows:
 *
 *   the run is over, or cannot go on     the job ends with the run's exit code
 *   Slurm's signal before the limit      a checkpoint, and back into the queue
 *   scancel                              a checkpoint, and the end: Slurm does not call the job RUNNING any more
 *   the coordinator died, or lost (75)   back into the queue; not for ever, see `requeue`
 *   a worker died                        it is started again, by `rank`; the others go on meanwhile
 *   a node died                          the job goes on with the others, as --no-kill says
 *   the coordinator's node died          its script died, too: a rank puts the job back, once Slurm has given the node up
 *
 * A process is waited for by looking every second: a signal ends `wait`, and bash before 5.1 cannot say which of two
 * ended. A job that runs anew while orphans of it still live elsewhere has other keys, another port, and a higher
 * incarnation in the run folder, so that none of them reaches it or writes there.
 */
export const jobBody = `
sitting=$SLURM_JOB_ID-\${SLURM_RESTART_COUNT:-0}
connection=$job/connection-$sitting.json # the keys of this sitting, for its workers
tasks=\${SLURM_NTASKS:-$SLURM_JOB_NUM_NODES}
coordinator='' ranks='' asked=no

say() { printf 'lockstep: %s\\n' "$*" >&2; }
pause() { sleep "$1" || true; } # scancel ends the sleep, too
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# Slurm wants the job to end: the coordinator saves a checkpoint, and takes its workers along.
on_term() {
  asked=yes
  if alive "$coordinator"; then kill -TERM "$coordinator"; fi
}

# Runs on each task: a worker, and again when it died of a signal or lost its coordinator.
# shellcheck disable=SC2317
rank() {
  local code seconds connection=$1 head=$2 goes_back=$3
  shift 3
  for seconds in 1 2 4 8 16 0; do
    code=0
    "$@" --connect "$connection" --rank "$SLURM_PROCID" || code=$?
    if [ "$code" != 75 ] && [ "$code" -le 128 ] || ! [ -e "$connection" ]; then break; fi
    echo "lockstep: rank $SLURM_PROCID ended with exit code $code" >&2
    if [ "$code" = 75 ] && ! holds "$head" && rm "$connection" 2>/dev/null; then # of all ranks, one removes it
      echo "lockstep: $head, the coordinator's node, is not of the job any more: the job ends here, back in the queue: $goes_back" >&2
      if [ "$goes_back" = yes ]; then scontrol requeue "$SLURM_JOB_ID"; else scancel "$SLURM_JOB_ID"; fi
    fi
    sleep "$seconds"
  done
  return "$code"
}

# Whether a node is still of the job, as Slurm sees it; it is where that cannot be asked.
# shellcheck disable=SC2317
holds() {
  local names
  names=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%N) || return 0
  scontrol show hostnames "$names" | grep -qx "$1"
}

# Back into the queue, but not more than five times without a new checkpoint: that mends nothing.
requeue() {
  local latest
  latest=$(cat "$run/checkpoints/latest" 2>/dev/null || echo none)
  if [ "$goes_back" = no ]; then return; fi
  if [ "$(tail -n 5 "$job/$name.requeues" 2>/dev/null | grep -cxF "$latest")" = 5 ]; then
    say "requeued five times without a new checkpoint ($latest): not again"
    return
  fi
  echo "$latest" >>"$job/$name.requeues"
  say "$1: the job goes back into the queue, and on from $latest"
  scontrol requeue "$SLURM_JOB_ID"
}

end() {
  rm -f "$connection"
  echo "$1" >"$job/$name.code"
  exit "$1"
}

trap on_term TERM
trap 'rm -f "$connection"' EXIT
mkdir -p "$run"
rm -f "$job/$name.code"
if [ "\${SLURM_RESTART_COUNT:-0}" = 0 ]; then rm -f "$job/$name.requeues"; fi
if [ -e "$run/config.yaml" ]; then
  flags=("\${again[@]}")
else
  find "$run" -mindepth 1 -maxdepth 1 ! -name slurm -exec rm -rf {} + # of a run that never began
  flags=("\${begin[@]}")
fi
address=$(scontrol show node "$SLURMD_NODENAME" | sed -n 's/.*NodeAddr=\\([^ ]*\\).*/\\1/p') # as other nodes know it
say "job $sitting: coordinator on $SLURMD_NODENAME, $tasks workers on \${SLURM_JOB_NODELIST:-}"

"\${lockstep[@]}" coordinator "\${flags[@]}" --json --workers "$tasks" \\
  --connection "$connection" --connection-host "\${address:-$SLURMD_NODENAME}" >"$job/$name.result" &
coordinator=$!
if [ "$asked" = yes ]; then on_term; fi
while alive "$coordinator" && ! [ -e "$connection" ]; do pause 0.2; done

if alive "$coordinator"; then
  srun --ntasks="$tasks" --cpus-per-task="\${SLURM_CPUS_PER_TASK:-1}" "\${resources[@]}" \\
    --kill-on-bad-exit=0 --no-kill --wait=0 --open-mode=append --output="\${run//%/%%}/logs/rank-%t.log" \\
    bash -c "$(declare -f holds rank); rank \\"\\$@\\"" rank "$connection" "$SLURMD_NODENAME" "$goes_back" \\
    "\${lockstep[@]}" worker --coordinator-timeout 120 "\${worker[@]}" &
  ranks=$!
fi
while alive "$coordinator" && alive "$ranks"; do pause 1; done

# Without workers there is nothing to wait for, unless they ended because the run is over.
lost=0
if alive "$coordinator"; then
  wait "$ranks" || lost=$?
  if [ "$lost" != 0 ] && [ "$asked" = no ]; then kill -TERM "$coordinator" || true; fi
fi
while alive "$coordinator"; do pause 1; done
code=0
wait "$coordinator" || code=$?
rm -f "$connection"

# Workers end with their coordinator; of one that died they would wait for the next.
for _ in 1 2 3 4 5; do if alive "$ranks"; then pause 1; fi; done
if alive "$ranks"; then kill -TERM "$ranks"; fi

if [ "$code" = 0 ]; then
  mv "$job/$name.result" "$job/$name.json"
  cat "$job/$name.json"
  end 0
fi
if [ "$asked" = no ] && [ "$lost" != 0 ]; then
  code=$lost
  say "no worker is left: the last ended with exit code $code; see $run/logs"
fi
if [ "$asked" = yes ]; then
  state=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T || true)
  if [ "$state" = RUNNING ]; then requeue 'Slurm asked for the end'; fi
elif [ "$code" = 75 ] || { [ "$code" -gt 128 ] && [ "$code" != 130 ] && [ "$code" != 143 ]; }; then
  requeue "the run ended with exit code $code"
fi
end "$code"
`;
