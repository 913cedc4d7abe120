/**
 * What is due after a step: an evaluation, pictures, the end of the run. Pure functions of how far the run is.
 *
 * They look at the progress alone, so a run that was interrupted between a step and its evaluation makes up for
 * it when it is resumed.
 */
import type { Config } from '../shared/runtime/config.ts';
import type { Workload } from '../shared/runtime/workload.ts';
import type { Progress } from './progress.ts';

export interface Agenda {
  readonly config: Config;
  readonly workload: Workload;
  readonly stepCount: number; // of the whole run
}

/** Why a run ended: all steps made, early stopping, --max-seconds, or somebody asked for it. */
export type End = 'finished' | 'early' | 'time' | 'asked';

/** Whether the last step was the last of its epoch. */
export function endsEpoch({ workload: { stream } }: Agenda, { step }: Progress): boolean {
  return step > 0 && stream.lastStepOfEpoch(stream.epochOf(step - 1)) === step - 1;
}

const isLate = ({ config }: Agenda, { seconds }: Progress): boolean =>
  config.maxSeconds !== null && seconds >= config.maxSeconds;

/** At the end of every so many epochs, and of the run; an interrupted run makes up for it when it is resumed. */
export function owesEvaluation(agenda: Agenda, progress: Progress): boolean {
  if (progress.step === progress.evaluatedStep) return false;
  if (progress.step >= agenda.stepCount || isLate(agenda, progress)) return true;
  const epoch = agenda.workload.stream.epochOf(progress.step - 1);
  return endsEpoch(agenda, progress) && (epoch + 1) % agenda.config.evaluateEvery === 0;
}

export function owesPictures(agenda: Agenda, progress: Progress): boolean {
  if (progress.step >= agenda.stepCount || isLate(agenda, progress)) return true;
  const { pictureEvery } = agenda.config;
  return pictureEvery > 0 && (agenda.workload.stream.epochOf(progress.step - 1) + 1) % pictureEvery === 0;
}

/** Why the run ends here, or null when it goes on. */
export function endOf(agenda: Agenda, progress: Progress, early: boolean): End | null {
  if (progress.step >= agenda.stepCount) return 'finished';
  if (early) return 'early';
  return isLate(agenda, progress) ? 'time' : null;
}
