/** The process of a part: opens it with what its parent sends, then answers each question, until it is left. */
import { unavailableError, usageError } from '../../shared/errors.ts';
import type { AnswerPart, PartAnswer } from './part.ts';
import { parts } from './parts.ts';

/** Serves the parent of this process, and ends with it. @throws LockstepError without such a part or parent */
export async function servePart(name: string): Promise<void> {
  const load = parts[name];
  if (load === undefined) throw usageError(`bench part: there is no part ${name}`);
  if (process.send === undefined) throw unavailableError('bench part: is started by a benchmark only');
  const open = await load();
  let answer: AnswerPart | null = null;
  let queue: Promise<void> = Promise.resolve();
  process.on('message', (message: { options: never } | { question: string }) => {
    queue = queue.then(() => handle(message));
  });
  process.on('disconnect', () => process.exit(0));

  async function handle(message: { options: never } | { question: string }): Promise<void> {
    let reply: PartAnswer;
    try {
      if ('options' in message) answer = await open(message.options);
      reply = { value: 'options' in message ? null : await answer!(message.question) };
    } catch (error) {
      reply = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send!(reply);
  }
  await new Promise<never>(() => {}); // the channel keeps the process
}
