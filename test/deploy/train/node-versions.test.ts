/** The same run on every supported version of Node, which must not change a bit of it. */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { train } from '../../support/lockstep.ts';
import { requiresFile } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from './small-run.ts';

const versions = [22, 24, 26]; // besides the one that runs this

test('Node 22, 24 and 26 train to the same bits as this one', async (context) => {
  const nodes = versions.map((major) => resolve(`.lockstep/node/${major}/bin/node`));
  if (!nodes.every((node) => requiresFile(node, '.ci/run fetches it', context))) return;
  const folder = temporaryFolder();
  const digests = new Map<string, string>();
  for (const node of [process.execPath, ...nodes]) {
    const flags = [...smallRun, '--runtime', 'tensorflow', '--workers', '1', '--steps', '3'];
    const runDir = join(folder, String(digests.size));
    digests.set(node, (await train([...flags, '--run-dir', runDir], {}, node)).parametersSha256);
  }
  assert.equal(new Set(digests.values()).size, 1, JSON.stringify([...digests], null, 1));
});
