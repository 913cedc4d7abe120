/** What must hold between the settings and the images. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import { fitToImages } from '../../shared/runtime/config-checks.ts';
import type { ConfigField } from '../../shared/runtime/config.ts';
import { loadConfig, type FlagValue } from '../../shared/runtime/load-config.ts';

const load = (flags: Partial<Record<ConfigField, FlagValue>>, environment = {}) =>
  loadConfig({ flags: new Map(Object.entries(flags)) as never, environment, file: null, preset: null });

test('components of a preset are fitted to small images, and that is told', () => {
  const { loaded, notices } = fitToImages(load({}), 64);
  assert.equal(loaded.config.components, 64);
  assert.equal(notices.length, 1);
});

test('images that are large enough change nothing', () => {
  const loaded = load({});
  for (const pixels of [100, 784]) assert.deepEqual(fitToImages(loaded, pixels), { loaded, notices: [] });
  const onPixels = load({ components: 'none' });
  assert.equal(fitToImages(onPixels, 64).loaded, onPixels);
});

test('components that somebody asked for are refused where the images have fewer values', () => {
  const refusal = (exitCode: number) => (error: unknown) =>
    error instanceof LockstepError &&
    error.exitCode === exitCode &&
    /an image has 64 values/.test(error.message);
  assert.throws(() => fitToImages(load({ components: '65' }), 64), refusal(64));
  assert.throws(() => fitToImages(load({}, { LOCKSTEP_COMPONENTS: '65' }), 64), refusal(78));
});
