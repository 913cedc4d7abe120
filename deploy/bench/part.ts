/**
 * A part of a benchmark in a process of its own, which answers one question after another.
 *
 * It stays warm between rounds, so that its start is not measured and several such processes can stand side by
 * side. `lockstep bench part NAME` serves it (serve-part.ts); it ends with its parent.
 */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { runError } from '../../shared/errors.ts';
import type { BenchContext } from './benchmark.ts';

/** What a part's module exports: opens it, and answers until the process ends. */
export type OpenPart = (options: never) => Promise<AnswerPart>;
export type AnswerPart = (question: string) => Promise<unknown>;

export interface Part {
  readonly pid: number;
  /** @throws LockstepError when the part fails or has ended */
  ask<T>(question: string): Promise<T>;
  end(): Promise<void>;
}

/** What goes through the channel. */
export type PartAnswer = { readonly value: unknown } | { readonly error: string };

/**
 * @param name of parts.ts
 * @param options handed to the part as JSON
 * @param environment added to this process's
 * @param launcher words before the command, such as those that start it in another network namespace
 */
export async function startPart(
  { entry }: Pick<BenchContext, 'entry'>,
  name: string,
  options: unknown,
  environment: NodeJS.ProcessEnv = {},
  launcher: readonly string[] = [],
): Promise<Part> {
  const [program, ...args] = [...launcher, process.execPath, entry, 'bench', 'part', name];
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let settle: { resolve: (value: unknown) => void; reject: (error: Error) => void } | null = null;
  let ended: string | null = null;
  child.on('message', (answer: PartAnswer) => {
    if ('error' in answer) settle?.reject(runError(`${name}: ${answer.error}`));
    else settle?.resolve(answer.value);
    settle = null;
  });
  child.on('exit', (code, signal) => {
    ended = `ended with ${signal ?? `exit code ${code}`}`;
    settle?.reject(runError(`the benchmark's part ${name} ${ended}`));
  });
  const send = (message: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended !== null) return reject(runError(`the benchmark's part ${name} ${ended}`));
      settle = { resolve, reject };
      child.send(message as object);
    });
  const end = async (): Promise<void> => {
    if (ended !== null) return;
    const exited = once(child, 'exit');
    child.disconnect();
    await exited;
  };
  try {
    await send({ options });
  } catch (error) {
    await end();
    throw error;
  }
  return { pid: child.pid!, ask: async <T>(question: string) => (await send({ question })) as T, end };
}
