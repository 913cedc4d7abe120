/** A printed configuration reads back to the same, and says who set what. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfigFile } from '../../shared/runtime/config-file.ts';
import type { ConfigField } from '../../shared/runtime/config.ts';
import { loadConfig, type FlagValue } from '../../shared/runtime/load-config.ts';
import { presetNames } from '../../shared/runtime/presets.ts';
import { formatConfig } from '../../shared/runtime/print-config.ts';

const nothing = { flags: new Map<ConfigField, FlagValue>(), environment: {}, file: null, preset: null };

test('what is printed reads back to the same configuration and preset', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  const flagSets = fc.record({
    data: fc.array(text, { minLength: 1, maxLength: 3 }),
    learningRate: fc.double({ min: 1e-12, max: 10, noNaN: true }).map(String),
    seed: fc.nat().map(String),
    components: fc.constantFrom('none', '7'),
    steps: fc.constantFrom('none', '9'),
    batchSize: fc.constantFrom('250', '1000', '6300'),
    whiten: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.constantFrom(...presetNames), flagSets, (preset, flags) => {
      const loaded = loadConfig({ ...nothing, preset, flags: new Map(Object.entries(flags)) as never });
      const file = parseConfigFile(formatConfig(loaded, loaded.preset), 'printed.yaml');
      const again = loadConfig({ ...nothing, file });
      assert.deepEqual(again.config, loaded.config);
      assert.equal(again.preset, loaded.preset);
      assert.deepEqual(again.notices, loaded.notices);
    }),
    { numRuns: 60 },
  );
});

test('every value that is not the default says where it came from', () => {
  const loaded = loadConfig({
    flags: new Map<ConfigField, FlagValue>([['data', ['a b']]]),
    environment: { LOCKSTEP_WORKERS: '2' },
    file: parseConfigFile('seed: 7', 'run.yaml'),
    preset: null,
  });
  const printed = formatConfig(loaded, 'digits').split('\n');
  for (const line of ['data: [a b] # --data', 'workers: 2 # LOCKSTEP_WORKERS', 'seed: 7 # run.yaml']) {
    assert.ok(printed.includes(line), line);
  }
  assert.ok(printed.includes('latent: 24 # preset digits'));
  assert.ok(printed.includes('beta1: 0.9'));
});
