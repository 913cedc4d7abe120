/** When `--checkpoint-every` asks for a checkpoint: at the end of epochs, each N steps, each N seconds. */

export interface CheckpointSchedule {
  /** @param step steps made @param endsEpoch whether the last one ended an epoch */
  isDue(step: number, endsEpoch: boolean): boolean;
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
  return {
    isDue: (step, endsEpoch) =>
      (everyEpoch && endsEpoch) ||
      everySteps.some((count) => step % count === 0) ||
      everyMs.some((interval) => nowMs() - lastMs >= interval),
    made: () => void (lastMs = nowMs()),
  };
}
