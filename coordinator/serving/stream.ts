/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): everybody who looks is told
 * all at once, then what changes, a few times a second. As long as nobody looks nothing is done. A reader who is
 * too slow is cut off; the browser comes back by itself, as it does after any break.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../shared/runtime/clock.ts';

export interface StreamOptions {
  readonly clock: Clock;
  /** Of everything, for somebody new. */
  readonly whole: () => Promise<object>;
  /** What has changed since the last time; null when nothing did. */
  readonly changes: () => Promise<object | null>;
  readonly onFailure: (error: unknown) => void;
}

export interface Stream {
  open(response: ServerResponse): void;
  /** Tells the last changes, and that nothing more will come. */
  close(): Promise<void>;
}

const intervalMs = 250;
const retryMs = 1000; // after which a browser comes back
const waitingBytesMax = 8 * 2 ** 20; // of one reader

export function createStream({ clock, whole, changes, onFailure }: StreamOptions): Stream {
  const readers = new Set<ServerResponse>();
  let cancel = (): void => {};
  let isTicking = false;

  function write(reader: ServerResponse, event: string, data: object): void {
    if (reader.writableLength > waitingBytesMax) return void reader.destroy();
    reader.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async function tell(): Promise<void> {
    const changed = await changes();
    if (changed === null) return;
    for (const reader of readers) write(reader, 'changes', changed);
  }

  async function greet(reader: ServerResponse): Promise<void> {
    try {
      reader.write(`retry: ${retryMs}\n\n`);
      write(reader, 'whole', await whole());
    } catch (error) {
      onFailure(error);
      reader.destroy();
    }
    if (reader.destroyed) return;
    readers.add(reader);
    if (!isTicking) tick();
  }

  function tick(): void {
    isTicking = readers.size > 0;
    if (!isTicking) return;
    void tell()
      .catch(onFailure)
      .finally(() => (cancel = clock.after(intervalMs, tick)));
  }

  return {
    open(reader) {
      reader.on('close', () => void readers.delete(reader));
      void greet(reader);
    },
    async close() {
      cancel();
      await tell().catch(onFailure);
      for (const reader of readers) {
        write(reader, 'end', {});
        reader.end();
      }
    },
  };
}
