/** The real launcher on the head of boxes, with a small model: quick enough to be broken often. */
import type { TestContext } from 'node:test';
import { join } from 'node:path';
import { boxNames, type Boxes } from '../../support/boxes.ts';
import { startLockstep, until, type Running } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from '../train/small-run.ts';

export const flags: readonly string[] = [...smallRun, '--runtime', 'wasm'];

export interface Launched extends Running {
  readonly runDir: string;
  readonly told: () => string; // on stderr, so far
  /** Waits until the launcher, or one of the processes, has said it. */
  says(text: RegExp, timeoutMs?: number): Promise<void>;
}

/** @param launchFlags beside -H and --ssh. @param words of train, beside the small run's */
export function launch(
  boxes: Boxes,
  words: readonly string[],
  context: TestContext,
  launchFlags: readonly string[] = ['-H', boxNames.map((name) => `${name}:1`).join(',')],
): Launched {
  const runDir = join(temporaryFolder(), 'run');
  const place = words.includes('--resume') ? [] : [...flags, '--run-dir', runDir];
  const given = ['launch', ...launchFlags, '--ssh', boxes.ssh, 'train', '--json', ...place, ...words];
  const running = startLockstep(given, {}, process.execPath, boxes.head);
  context.after(() => void running.child.kill('SIGKILL'));
  let told = '';
  running.child.stderr!.on('data', (data: Buffer) => (told += data.toString()));
  return {
    ...running,
    runDir,
    told: () => told,
    async says(text, timeoutMs = 180_000) {
      await until(
        () => text.test(told) || running.child.exitCode !== null,
        () => `${text} in:\n${told}`,
        timeoutMs,
      );
      if (!text.test(told)) throw new Error(`it ended, and never said ${text}:\n${told}`);
    },
  };
}

/** What is left on the boxes, which comes to nothing soon. @throws where it does not */
export async function nothingIsLeft(boxes: Boxes, timeoutMs = 60_000): Promise<void> {
  const left = () =>
    boxNames.flatMap((name) => boxes.processes(name).map(({ words }) => [name, ...words].join(' ')));
  await until(
    () => left().length === 0,
    () => left().join('\n'),
    timeoutMs,
  );
}
