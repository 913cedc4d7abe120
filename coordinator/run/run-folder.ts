/**
 * The folder of a run: created once, reopened to resume, owned by one process at a time.
 *
 *   run.json, config.yaml      what run it is, and its complete configuration
 *   owner-N.json               who may write (owner.ts)
 *   checkpoints/               step-NNNNNNNN.safetensors, `latest`, `best` (checkpoint-folder.ts)
 *   history.jsonl, epochs.jsonl, tensorboard/, pictures/, logs/, report.html
 *   slurm/                     of the job that runs it, where one does
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { removeTemporaries, writeFileAtomicallySync } from '../../shared/data/atomic-file.ts';
import { dataError, LockstepError, runError, usageError } from '../../shared/errors.ts';
import { configSchema, type Config } from '../../shared/runtime/config.ts';
import { presetNames, type PresetName } from '../../shared/runtime/presets.ts';
import { assertOwner, claim, claimNext, type Owner } from './owner.ts';

export interface RunFolder {
  readonly path: string; // absolute, without symbolic links
  readonly runId: string;
  readonly incarnation: number;
  readonly checkpoints: string; // a folder
  readonly pictures: string;
  readonly tensorboard: string;
  readonly logs: string;
  /** Comes before every write. @throws LockstepError (78) when a second coordinator took over */
  assertOwned(): void;
  /** Replaces config.yaml. @param preset that the run was begun with */
  writeConfig(config: Config, preset: PresetName | null): void;
  /** @throws LockstepError (65) when it is missing or damaged */
  readConfig(): Config;
}

/** What a batch system's job keeps in the run folder, from before the run on: its script, log and keys. */
export const launchFolder = 'slurm';
const subfolders = ['checkpoints', 'pictures', 'tensorboard', 'logs'] as const;
/** What config.yaml says: a complete configuration that `--config` reads too, and what it began from. */
export interface RunSettings {
  readonly config: Config;
  readonly preset: PresetName | null; // null where the file names none
}

const settingsSchema = configSchema.extend({ preset: z.enum(presetNames).optional() });
/** A run's id is part of file names elsewhere (serving/targets.ts), and a folder may come from anybody: no path fits. */
const runSchema = z.object({ runId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/) });

/**
 * Makes a run folder of a path that does not exist, or is an empty folder, and claims it.
 * @throws LockstepError 64 for anything else, 1 when it cannot be made
 */
export function createRunFolder(path: string, owner: Owner): RunFolder {
  const taken = (what: string): LockstepError =>
    usageError(`--run-dir ${path} ${what}: go on with that run by --resume ${path}, or name another folder`);
  try {
    mkdirSync(path, { recursive: true });
    if (readdirSync(path).some((name) => name !== launchFolder)) throw taken('is not empty');
    const real = realpathSync(path);
    if (!claim(real, 1, owner)) throw taken('was taken by another process just now');
    const runId = randomUUID();
    writeFileAtomicallySync(
      join(real, 'run.json'),
      `${JSON.stringify({ runId, created: owner.startedAt })}\n`,
    );
    makeSubfolders(real);
    return openFolder(real, runId, 1);
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR') throw taken('is a file, not a folder');
    throw runError(`${path} cannot be made a run folder (${message}); name another one with --run-dir`);
  }
}

/**
 * Takes over the folder of an earlier run; whoever owned it writes nothing from now on.
 * @throws LockstepError 65 when it is none, 1 when it cannot be written to
 */
export function reopenRunFolder(path: string, owner: Owner): RunFolder {
  const runId = readRunId(path);
  try {
    const real = realpathSync(path);
    const incarnation = claimNext(real, owner);
    makeSubfolders(real);
    for (const folder of [real, join(real, 'checkpoints'), join(real, 'pictures')]) removeTemporaries(folder);
    return openFolder(real, runId, incarnation);
  } catch (error) {
    throw runError(
      `${path} cannot be taken over (${(error as Error).message}); check its owner and the disk`,
    );
  }
}

/** Whether there is a run in a folder. */
export function isRunFolder(path: string): boolean {
  try {
    readRunId(path);
    return true;
  } catch (error) {
    if (error instanceof LockstepError) return false;
    throw error;
  }
}

/** Reads config.yaml of any run folder, owned or not. @throws LockstepError (65) */
export const readRunConfig = (path: string): Config => readRunSettings(path).config;

/** The same, and the preset that the run was begun with. */
export function readRunSettings(path: string): RunSettings {
  const file = join(path, 'config.yaml');
  const parsed = settingsSchema.safeParse(readParsed(file, parse));
  if (parsed.success) {
    const { preset = null, ...config } = parsed.data;
    return { config, preset };
  }
  const reasons = z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, ' ');
  throw dataError(`${file} is no configuration of a run: ${reasons}; mend it, or start a new run`);
}

function readRunId(path: string): string {
  const file = join(path, 'run.json');
  const parsed = runSchema.safeParse(readParsed(file, JSON.parse));
  if (parsed.success) return parsed.data.runId;
  throw dataError(`${file} names no run: it is damaged; restore it, or start a new run`);
}

function readParsed(file: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = (error as Error).message.split('\n', 1)[0];
    throw dataError(`${file} cannot be read (${reason}): expected a run folder of lockstep`, error);
  }
}

function makeSubfolders(path: string): void {
  for (const name of subfolders) mkdirSync(join(path, name), { recursive: true });
}

function openFolder(path: string, runId: string, incarnation: number): RunFolder {
  const assertOwned = (): void => assertOwner(path, incarnation);
  return {
    path,
    runId,
    incarnation,
    checkpoints: join(path, 'checkpoints'),
    pictures: join(path, 'pictures'),
    tensorboard: join(path, 'tensorboard'),
    logs: join(path, 'logs'),
    assertOwned,
    writeConfig(config, preset) {
      assertOwned();
      const settings = preset === null ? config : { preset, ...config };
      writeFileAtomicallySync(join(path, 'config.yaml'), `${configHeader(runId)}${stringify(settings)}`);
    },
    readConfig: () => readRunConfig(path),
  };
}

const configHeader = (runId: string): string =>
  `# The complete configuration of run ${runId}, as it was resolved.
# Begin the same run anew: lockstep train --config THIS_FILE --run-dir NEW_FOLDER
# Go on with it: lockstep train --resume THIS_FOLDER\n`;
