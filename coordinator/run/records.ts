/** The lines and scalars of a run: history and TensorBoard's events, gathered in memory and written each second. */
import type { EvaluationRecord, StepRecord } from '../journal.ts';
import { evaluationScalars, openEventFile, stepScalars } from './events.ts';
import type { Faults } from './faults.ts';
import { openHistory } from './history.ts';
import type { RunFolder } from './run-folder.ts';

export interface RecordsOptions {
  readonly folder: RunFolder;
  readonly firstStep: number; // 0, or the checkpoint's
  readonly nowMs: () => number;
  readonly wallSeconds: () => number;
  readonly faults: Faults;
}

export interface Records {
  step(record: StepRecord): void;
  evaluation(record: EvaluationRecord): void;
  /** Writes what was gathered. @throws LockstepError (78) when the folder was lost */
  flush(): void;
  /** Forces the history that was written to disk, while others go on; what fails is said, and never rejects. */
  sync(): Promise<void>;
}

const flushIntervalMs = 1000;
const eventsOfEveryStep = 1000; // of later steps, every tenth goes to TensorBoard

export function openRecords(options: RecordsOptions): Records {
  const { folder, firstStep, nowMs, wallSeconds, faults } = options;
  const history = openHistory(folder.path);
  const events = openEventFile(folder.tensorboard, `lockstep.${folder.incarnation}`, firstStep, wallSeconds);
  let lastFlushMs = nowMs();

  function flush(): void {
    faults.assertNotLost();
    folder.assertOwned();
    lastFlushMs = nowMs();
    attempt('history', () => history.flush());
    attempt('TensorBoard events', () => events.flush());
  }

  function attempt(what: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      faults.failed(what, error);
    }
  }

  return {
    step(record) {
      history.step(record);
      const made = record.step + 1;
      if (made <= eventsOfEveryStep || made % 10 === 0) events.scalars(made, stepScalars(record));
      if (nowMs() - lastFlushMs >= flushIntervalMs) flush();
    },
    evaluation(record) {
      history.evaluation(record);
      events.scalars(record.step, evaluationScalars(record));
      flush();
    },
    flush,
    sync: () => history.sync().catch((error: unknown) => faults.failed('history', error)),
  };
}
