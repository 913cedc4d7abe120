/**
 * One trial: `lockstep train` as a process, in a folder of the sweep, with what it says in a log beside it. A trial
 * that was begun before goes on from its checkpoint.
 *
 * It could be started elsewhere, on another box or by a batch system: whoever starts one needs only its words, and
 * learns what it came to from its exit code and its last line.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { exitCodes } from '../../shared/errors.ts';
import { isRunFolder } from '../../coordinator/run/run-folder.ts';
import { createLineLog, startChild } from '../train/child.ts';
import type { TrialPlan } from './plan.ts';
import { trainWords, withoutSettings } from './words.ts';

/** What `train --json` says of a run, as far as a sweep needs it. */
const summarySchema = z.object({
  runDir: z.string(),
  steps: z.number(),
  epochs: z.number(),
  heldOutLoss: z.number().nullable(),
  samplesPerSecond: z.number(),
  workers: z.number(),
  parametersSha256: z.string(),
  seconds: z.number(),
});
export type TrialSummary = z.infer<typeof summarySchema>;

export interface TrialEnd {
  readonly code: number; // exit code of train
  readonly summary: TrialSummary | null; // null where it did not end well
  readonly problem: string | null; // its last words, where it failed
}

export interface RunningTrial {
  readonly ended: Promise<TrialEnd>;
  readonly pageUrl: () => string | null; // of the live page, once it is served
  stop(signal: NodeJS.Signals): void;
}

/** Starts a trial, wherever that is. @param lane of those that run at a time, from 0 */
export type StartTrial = (plan: TrialPlan, lane: number) => RunningTrial;

export interface TrialsOptions {
  readonly entry: string; // the command's own file
  readonly environment: NodeJS.ProcessEnv;
  readonly dir: string; // of the sweep
  readonly words: readonly string[]; // more flags of train, of the live page and the metrics
  /** Of each lane, the words of launch that bring a trial to its boxes; none where it runs on this one. */
  readonly launches: readonly (readonly string[])[];
  readonly say: (line: string) => void;
}

/** Trials as processes of this box, wherever those train. */
export function createLocalTrials(options: TrialsOptions): StartTrial {
  const { entry, environment, dir, words, launches, say } = options;
  return (plan, lane) => {
    const runDir = join(dir, plan.name);
    const log = createLineLog(join(dir, 'logs', `${plan.name}.log`), say);
    let summary: TrialSummary | null = null;
    let page: string | null = null;
    const child = startChild({
      entry,
      args: [...(launches[lane] ?? []), 'train', ...beginning(plan, runDir), '--json', ...words],
      environment: withoutSettings(environment),
      output(line) {
        log.add(line);
        summary = summaryOf(line) ?? summary;
        page ??= /^watch\s+(http\S+)/.exec(line)?.[1] ?? null;
      },
      onMessage: () => undefined,
    });
    const ended = child.exited.then(({ code }): TrialEnd => {
      log.close();
      if (code === 0 && summary !== null) return { code, summary, problem: null };
      return {
        code: code === 0 ? 1 : code,
        summary: null,
        problem: asked.includes(code) ? null : lastWords(log.last()),
      };
    });
    return { ended, pageUrl: () => page, stop: (signal) => child.kill(signal) };
  };
}

const asked: readonly number[] = [exitCodes.interrupted, exitCodes.terminated];

/** Why it failed, as it says it itself. */
export function lastWords(lines: readonly string[]): string {
  const said = lines.findLast((line) => line.startsWith('lockstep: ')) ?? lines.at(-1) ?? 'it said nothing';
  return said.replace(/^lockstep: /, '');
}

/** A folder that holds no run yet was left by a kill in its first moments. */
function beginning({ preset, config }: TrialPlan, runDir: string): string[] {
  if (isRunFolder(runDir) && existsSync(join(runDir, 'config.yaml'))) return ['--resume', runDir];
  rmSync(runDir, { recursive: true, force: true });
  return [...trainWords(preset, config), '--run-dir', runDir];
}

/** @param line that a run printed. @returns null where it is not its last one, which sums it up */
export function summaryOf(line: string): TrialSummary | null {
  if (!line.startsWith('{"runDir"')) return null;
  const parsed = summarySchema.safeParse(JSON.parse(line));
  return parsed.success ? parsed.data : null;
}
