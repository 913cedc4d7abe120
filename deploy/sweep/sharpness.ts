/**
 * The sharpness of a finished trial, by `lockstep evaluate --sharpness` as a process, which leaves it in the trial's
 * folder. It is measured once; a trial of which it could not be measured is as good as before.
 */
import { join } from 'node:path';
import { exitCodes } from '../../shared/errors.ts';
import { formatNumber } from '../../shared/text.ts';
import { createLineLog, startChild } from '../train/child.ts';
import { readSharpness } from '../trained/sharpness-file.ts';
import type { TrialPlan } from './plan.ts';
import { lastWords, type TrialsOptions } from './trial.ts';
import { withoutSettings } from './words.ts';

export interface Measurement {
  readonly ended: Promise<string | null>; // a line for people: what it came to, or why there is none; null for nothing to say
  stop(signal: NodeJS.Signals): void;
}

/** Begins to measure a trial, wherever that is. @returns null where that was done before */
export type MeasureTrial = (plan: TrialPlan) => Measurement | null;

/** Measurements on this box. @param quiet whether nothing is said of those that went well */
export function createLocalMeasurements(
  options: Omit<TrialsOptions, 'words' | 'launches'>,
  quiet: boolean,
): MeasureTrial {
  const { entry, environment, dir, say } = options;
  return ({ name, config }) => {
    const runDir = join(dir, name);
    if (readSharpness(runDir) !== null) return null;
    const log = createLineLog(join(dir, 'logs', `${name}.log`), say);
    const child = startChild({
      entry,
      args: ['evaluate', runDir, '--sharpness', '--runtime', config.runtime],
      environment: withoutSettings(environment),
      output: log.add,
      onMessage: () => undefined,
    });
    const ended = child.exited.then(({ code }) => {
      log.close();
      if (code === exitCodes.interrupted || code === exitCodes.terminated) return null; // it was asked to
      if (code !== exitCodes.ok) return `${name}: no sharpness, ${lastWords(log.last())}`;
      return quiet ? null : measured(name, runDir);
    });
    return { ended, stop: (signal) => child.kill(signal) };
  };
}

function measured(name: string, runDir: string): string {
  const found = readSharpness(runDir);
  const say = (value: number | null | undefined): string =>
    typeof value === 'number' ? formatNumber(value) : 'not finite';
  return `${name}: SAM's rise ${say(found?.rise)} nats, largest Hessian eigenvalue ${say(found?.eigenvalue)}`;
}
