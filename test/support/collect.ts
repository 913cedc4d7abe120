/** What a reader pushed, kept whole, and what it refused, held against the parts of a message. */
import assert from 'node:assert/strict';
import type { ImageShape } from '../../shared/data/dataset.ts';
import type { RowSink } from '../../shared/data/source.ts';
import { exitCodes, type ExitCode, LockstepError } from '../../shared/errors.ts';

export interface Collected {
  shape: ImageShape | null;
  rowCount: number; // as announced
  readonly rows: () => Uint8Array;
}

export function collect(): RowSink & Collected {
  const blocks: Buffer[] = [];
  const collected: RowSink & Collected = {
    shape: null,
    rowCount: 0,
    rows: () => new Uint8Array(Buffer.concat(blocks)),
    begin(shape, rowCount) {
      collected.shape = shape;
      collected.rowCount += rowCount;
    },
    push: (rows) => void blocks.push(Buffer.from(rows)),
  };
  return collected;
}

/** Runs to a failure of one line that names every part. */
export async function refuses(
  run: () => Promise<unknown>,
  parts: readonly (string | RegExp)[],
  exitCode: ExitCode = exitCodes.data,
): Promise<void> {
  await assert.rejects(run, (error) => {
    assert.ok(error instanceof LockstepError, String((error as Error).stack));
    assert.equal(error.exitCode, exitCode, error.message);
    assert.ok(!error.message.includes('\n'), error.message);
    for (const part of parts) {
      const found = typeof part === 'string' ? error.message.includes(part) : part.test(error.message);
      assert.ok(found, `${JSON.stringify(error.message)} lacks ${String(part)}`);
    }
    return true;
  });
}

/** Runs where anything but success or a LockstepError of exit 65 is a failure. */
export async function staysTyped(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    assert.ok(error instanceof LockstepError, String((error as Error).stack));
    assert.equal(error.exitCode, exitCodes.data);
    assert.match(error.message, /: .*expected /);
  }
}
