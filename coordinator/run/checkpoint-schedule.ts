/**
 * When `--checkpoint-every` asks for a checkpoint: at the end of epochs, each N steps, each N seconds.
 *
 * One that is due while the last one is still being written is made once that is done: one set of copies is
 * enough memory, and a slow disk costs checkpoints, not training.
 */

export interface CheckpointSchedule {
  /** @param step steps made @param endsEpoch whether the last one ended an epoch @param busy writing one already */
  isDue(step: number, endsEpoch: boolean, busy: boolean): boolean;
  /** Told of every checkpoint, whatever it was made for: seconds count from the last one. */
  made(): void;
}

/** @param rules such as `epoch,500steps,600s`, checked by the schema of the configuration */
export function createCheckpointSchedule(rules: string, nowMs: () => number): CheckpointSchedule {
  const list = rules.split(',');
  const everyEpoch = list.includes('epoch');
  const everySteps = list.flatMap((rule) => /^(\d+)steps$/.exec(rule)?.[1] ?? []).map(Number);
  const everyMs = list.flatMap((rule) => /^(\d+)s$/.exec(rule)?.[1] ?? []).map((text) => Number(text) * 1000);
  let lastMs = nowMs();
  let owed = false;
  return {
    isDue(step, endsEpoch, busy) {
      owed ||=
        (everyEpoch && endsEpoch) ||
        everySteps.some((count) => step % count === 0) ||
        everyMs.some((interval) => nowMs() - lastMs >= interval);
      return owed && !busy;
    },
    made() {
      owed = false;
      lastMs = nowMs();
    },
  };
}
