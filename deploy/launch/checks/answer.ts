/** A box's answers: looked up here and now, each by itself. */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { configurationError, runError, unavailableError } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/runtime/clock.ts';
import { dataOf } from './data.ts';
import { runProbe } from '../../doctor/examination.ts';
import { devicesInUse } from './devices.ts';
import { closePort, openPort, reach } from './ports.ts';
import type { Answer, Check } from './schema.ts';

export interface AnswerContext {
  readonly entry: string; // the command's own file
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
}

const gradientTimeoutMs = 180_000; // a GPU that was never used before compiles for minutes

/** @returns the answer, as `answers` has it. @throws LockstepError where the answer is no */
export async function answer(check: Check, context: AnswerContext): Promise<unknown> {
  switch (check.what) {
    case 'disk':
      return diskOf(check.folder);
    case 'devices':
      return devicesInUse(context.environment);
    case 'sees':
      return sees(check.path);
    case 'open':
      return openPort(check.host, check.port);
    case 'close':
      return closePort();
    case 'reach':
      return reach(check, context.clock);
    case 'data':
      return dataOf(check);
    case 'gradient':
      return gradientOf(check, context);
    default:
      return check satisfies never;
  }
}

/** Of the disk on which a folder is, or would be made. @throws LockstepError (1) where it could not be */
function diskOf(folder: string): Answer<'disk'> {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    accessSync(there, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw runError(`${there} cannot be written (${code}): give --run-dir another place`);
  }
  const { bavail, bsize } = statfsSync(there);
  return { freeBytes: bavail * bsize };
}

/** @throws LockstepError (78) where a file of the box that asks is not there */
function sees(path: string): null {
  if (existsSync(path)) return null;
  throw configurationError(
    `${path} is not there: give --run-dir a folder that all boxes share, such as on NFS`,
  );
}

/** The gradient of one tiny micro-batch, in a process of its own, since a native library may take it along. */
async function gradientOf(
  { runtime, threads, precision, allowCpu, environment }: Extract<Check, { what: 'gradient' }>,
  context: AnswerContext,
): Promise<Answer<'gradient'>> {
  const words = ['--probe', runtime, '--precision', precision];
  if (threads !== null) words.push('--threads', String(threads));
  if (allowCpu) words.push('--allow-cpu');
  const found = await runProbe({
    entry: context.entry,
    words: ['box', ...words],
    environment: { ...context.environment, ...environment },
    timeoutMs: gradientTimeoutMs,
    clock: context.clock,
  });
  if (found.kind === 'failed') throw unavailableError(found.message);
  if (found.kind !== 'gradient')
    throw unavailableError(
      `a gradient could not be computed: the process ${found.kind === 'crashed' ? found.reason : 'gave another answer'}`,
    );
  const digest = createHash('sha256').update(Float32Array.from(found.gradient)).digest('hex');
  return { digest, fingerprint: found.fingerprint };
}
