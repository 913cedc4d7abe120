/** A small disk in memory, of its own, which a test can fill to the last page and empty again. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { requiresTmpfs } from './requires.ts';

export interface SmallDisk {
  readonly path: string;
  /** To the last page, whatever others write meanwhile. */
  fill(): void;
  empty(): void;
}

/** @param size as mount takes it. @returns null where none can be made, and the test is skipped */
export function openDisk(context: TestContext, size: string): SmallDisk | null {
  const path = mkdtempSync(join(tmpdir(), 'lockstep-disk-'));
  context.after(() => {
    spawnSync('umount', ['--lazy', path]);
    rmSync(path, { recursive: true, force: true });
  });
  if (!requiresTmpfs(path, size, context)) return null;
  const filler = join(path, 'filler');
  return {
    path,
    fill() {
      const file = openSync(filler, 'w');
      try {
        for (;;) writeSync(file, Buffer.alloc(4096));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(filler),
  };
}
