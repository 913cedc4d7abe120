/** `lockstep setup -H …`: the set-up of every box, all at once, each line with the box that says it. */
import { plural } from '../../shared/text.ts';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LockstepError, type ExitCode } from '../../shared/errors.ts';
import { commandOn } from './place.ts';
import type { Boxes } from './request.ts';

/**
 * @param words of setup, without those that name boxes
 * @throws LockstepError with the exit code of the first box, in the order of names, that could not be set up
 */
export async function setUpBoxes({ hosts, place }: Boxes, words: readonly string[]): Promise<void> {
  const ended = await Promise.all(
    hosts.map(async ({ name }) => ({
      name,
      code: await setUp(name, commandOn(name, ['setup', ...words], place)),
    })),
  );
  const failed = ended.filter(({ code }) => code !== 0);
  if (failed.length === 0) return void process.stdout.write(`${plural(hosts.length, 'box', 'es')} set up\n`);
  const names = failed.map(({ name }) => name).join(', ');
  throw new LockstepError(
    `${plural(failed.length, 'box', 'es')} of ${hosts.length} could not be set up (${names}): see their last lines above`,
    exitCodeOf(failed[0]!.code),
  );
}

const unreached = 255; // what ssh ends with where it gets nowhere

const exitCodeOf = (code: number): ExitCode =>
  ([1, 64, 65, 69, 75, 78] as const).find((known) => known === code) ??
  (code === unreached || code === 127 ? 69 : 1);

/** @returns its exit code */
function setUp(name: string, [program = '', ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of ['stdout', 'stderr'] as const) {
      createInterface({ input: child[stream] }).on('line', (line) =>
        process.stderr.write(`[${name}] ${line}\n`),
      );
    }
    child.once('error', ({ message }) => {
      process.stderr.write(`[${name}] ${program} could not be started: ${message}\n`);
      resolve(unreached);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}
