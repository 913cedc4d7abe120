/**
 * Folders that live as long as the process of their test file. They don't go with one test: hooks run in the order of
 * their registration, so a folder that a test asked for first would go while what writes to it (a browser, a server)
 * still runs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

process.once('exit', () => {
  for (const folder of made)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** @returns the absolute path of a new, empty folder, which goes when this process ends */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-'));
  made.push(folder);
  return folder;
}
