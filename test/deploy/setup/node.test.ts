/** Which versions of Node are let in, and that package.json says the same. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { unsupportedNode } from '../../../deploy/setup/node.mjs';

test('versions from 20.19 to 26 are let in, others get one line that names the range', () => {
  for (const version of ['20.19.0', '20.20.2', '22.0.0', '24.21.0', '26.10.0']) {
    assert.equal(unsupportedNode(version), null, version);
  }
  for (const version of ['12.22.12', '18.20.4', '20.18.3', '20.9.0', '27.0.0', '27.0.0-nightly20270101']) {
    assert.match(
      unsupportedNode(version) ?? '',
      /^lockstep: this is Node .*20\.19 to 26.*install Node 24[^\n]*$/,
      version,
    );
  }
});

test('package.json promises the same versions', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
  assert.equal(engines.node, '>=20.19 <27');
});
