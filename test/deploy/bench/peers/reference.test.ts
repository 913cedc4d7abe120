import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeReference } from '../../../../deploy/bench/peers/reference.ts';
import { readSnapshot } from '../../../../coordinator/run/checkpoint.ts';
import { openSafetensors } from '../../../../shared/data/safetensors-reader.ts';
import { createLayout } from '../../../../shared/math/layout.ts';
import { temporaryFolder } from '../../../support/temporary.ts';
import { writeTrainedRun } from '../../../support/trained-run.ts';

test('peers are given the parameters of the checkpoint, rows as the model sees them, and its settings', async (context) => {
  const folder = temporaryFolder();
  const { path } = await writeTrainedRun(folder);
  const out = join(folder, 'inputs.safetensors');
  const options = { path, out, rowCount: 40, fileRows: 150, runtime: 'cpu', cacheDir: folder } as const;
  const reference = await makeReference(options);
  const { snapshot } = readSnapshot(path);
  const { trained, parameterCount } = createLayout(snapshot.model.parameters);
  assert.equal(reference.parameterCount, parameterCount);
  const file = openSafetensors(out);
  context.after(() => file.close());
  for (const { name, offset, length } of trained) {
    assert.deepEqual(file.read(name), snapshot.parameters.subarray(offset, offset + length), name);
  }
  assert.deepEqual(file.tensors.get('features')?.shape, [150, 5]);
  assert.equal(file.tensors.size, trained.length + 1);
  const features = file.read('features') as Float32Array;
  assert.deepEqual(features.slice(120 * 5), features.slice(0, 30 * 5), 'rows come round again');
  const settings = JSON.parse(file.metadata['settings']!) as Record<string, unknown>;
  assert.deepEqual(
    [settings['features'], settings['width'], settings['latent'], settings['dropout']],
    [5, 16, 3, 0.2],
    'the timed steps do drop out',
  );
});

test('the agreement does not depend on dropout or on the seed of the draws', async () => {
  const folder = temporaryFolder();
  const gradients = [];
  for (const [index, changes] of [{ dropout: 0.2 }, { dropout: 0.5, seed: 9 }].entries()) {
    const { path } = await writeTrainedRun(folder, changes);
    const out = join(folder, `${index}.safetensors`);
    gradients.push(
      await makeReference({ path, out, rowCount: 40, fileRows: 40, runtime: 'cpu', cacheDir: folder }),
    );
  }
  assert.deepEqual(gradients[1], gradients[0]);
  assert.ok(gradients[0]!.gradientNorm > 0);
});
