/** `lockstep doctor`, in order: look, try, compare, advise. */
import { systemClock } from '../../shared/runtime/clock.ts';
import { findPaths } from '../setup/paths.mjs';
import { examine, exitCodeOf } from './examination.ts';
import { lookAtMachine } from './machine.ts';
import { remediesFor, tensorflowRemedy } from './remedies.ts';
import { reportLines } from './report.ts';

/** @returns the exit code: 0 when something can train, else 69 */
export async function diagnose({
  json,
  entry,
}: {
  readonly json: boolean;
  readonly entry: string;
}): Promise<number> {
  const paths = findPaths();
  const machine = lookAtMachine(paths, process.cwd());
  if (!json) process.stderr.write('trying the runtimes, one after another ...\n');
  const examination = await examine(entry, process.env, systemClock);
  const remedies = remediesFor(machine, examination, await tensorflowRemedy(paths), paths.isClone);
  const usable = examination.runtimes.find(({ verdict }) => verdict === 'ok')?.name ?? null;
  const text = json
    ? JSON.stringify({ ...machine, ...examination, usable, remedies })
    : reportLines(machine, examination, remedies).join('\n');
  process.stdout.write(`${text}\n`);
  return exitCodeOf(examination);
}
