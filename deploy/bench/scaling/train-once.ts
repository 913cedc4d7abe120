/** One run of the scaling benchmark: `lockstep train` on this box, or its processes in two boxes of one link. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StepRecord } from '../../../coordinator/journal.ts';
import { readHistory } from '../../../coordinator/run/history.ts';
import { runError } from '../../../shared/errors.ts';
import { kebabCase } from '../../../shared/runtime/field.ts';
import type { LinkRate } from '../../plan/link-rate.ts';
import { onInterrupt } from '../../setup/process.mjs';
import { startChild } from '../../train/child.ts';
import type { BenchContext } from '../benchmark.ts';
import { startPart, type Part } from '../part.ts';
import type { LinkedCoordinatorOptions } from '../parts/linked-coordinator.ts';
import type { LinkedWorkerOptions } from '../parts/linked-worker.ts';
import { withBoxes, type Boxes } from './boxes.ts';
import { flagsOf, type Point, type Settings } from './point.ts';

/** A run in a folder of its own, which is removed. @returns its steps @throws LockstepError when it fails */
export async function trainOnce(
  context: BenchContext,
  settings: Settings,
  point: Point,
): Promise<StepRecord[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = onInterrupt(remove);
  try {
    const runDir = join(folder, 'run');
    return point.link === null
      ? await trainHere(context, settings, point, runDir)
      : await trainAcross(point.link, context, settings, point, runDir);
  } finally {
    forget();
    remove();
  }
}

async function trainHere(
  { entry, say }: BenchContext,
  settings: Settings,
  point: Point,
  runDir: string,
): Promise<StepRecord[]> {
  const words = Object.entries({ ...flagsOf(settings, point), preset: settings.preset, runDir });
  const args = words.flatMap(([field, value]) =>
    value === 'true' ? [`--${kebabCase(field)}`] : [`--${kebabCase(field)}`, value],
  );
  const lines: string[] = [];
  const child = startChild({
    entry,
    args: ['train', ...args, '--json', '--quiet'],
    environment: process.env,
    output: (line) => void lines.push(line),
    onMessage: () => {},
  });
  const { code } = await child.exited;
  if (code === 0) return readHistory(runDir);
  lines.forEach(say);
  throw runError(`lockstep train ended with exit code ${code}: ${lines.at(-1) ?? ''}`);
}

/** The coordinator in one box, all workers in the other. */
const trainAcross = (
  link: LinkRate,
  context: BenchContext,
  settings: Settings,
  point: Point,
  runDir: string,
): Promise<StepRecord[]> =>
  withBoxes(link, async (boxes) => {
    const parts: Part[] = [];
    const start = async (side: keyof Boxes['within'], name: string, options: unknown): Promise<Part> => {
      const part = await startPart(context, name, options, {}, boxes.within[side]);
      parts.push(part);
      return part;
    };
    try {
      const ofRun: LinkedCoordinatorOptions = {
        host: boxes.headAddress,
        preset: settings.preset,
        flags: flagsOf(settings, point),
        workers: point.workers,
        runDir,
        cacheDir: context.cacheFolder,
      };
      const coordinator = await start('head', 'linked-coordinator', ofRun);
      const endpoint = await coordinator.ask<string>('endpoint');
      const ended = await startWorkers(start, settings, point, endpoint);
      const steps = coordinator.ask<StepRecord[]>('steps');
      await Promise.race([steps, neverUnlessItFails(ended)]);
      return await steps;
    } finally {
      await Promise.all(parts.map((part) => part.end()));
    }
  });

async function startWorkers(
  start: (side: 'box', name: string, options: LinkedWorkerOptions) => Promise<Part>,
  { runtime, threads }: Settings,
  { workers }: Point,
  endpoint: string,
): Promise<Promise<unknown>[]> {
  const ranks = Array.from({ length: workers }, (_, rank) => rank);
  const started = await Promise.all(
    ranks.map((rank) => start('box', 'linked-worker', { endpoint, rank, runtime, threads })),
  );
  return started.map((worker) => worker.ask('end'));
}

/** Workers end with their run, and no sooner than it does. */
const neverUnlessItFails = (ended: readonly Promise<unknown>[]): Promise<never> =>
  new Promise((_, reject) => {
    for (const end of ended) end.catch(reject);
  });
