/** Pictures: which rows of pixels a request gives, and from which draws. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import { rowLength } from '../../shared/data/dataset.ts';
import type { RenderRequest } from '../../shared/model/compute.ts';
import type { ModelCompute } from '../../shared/model/compute-model.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { relativeError } from '../support/golden-vae.ts';
import { drawKey, seededBatch, smallImage, smallVae } from '../support/small-vae.ts';

const size = rowLength(smallImage); // D
const batch = seededBatch(6);
const draw = drawKey({ purpose: 'pictures' });
let runtime: Runtime;
let compute: ModelCompute;

before(async () => {
  runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
  compute = await smallVae(runtime);
});

const rowsOf = (pixels: Float32Array): Float32Array[] =>
  Array.from({ length: pixels.length / size }, (_, row) => pixels.subarray(row * size, (row + 1) * size));

const picturesOf = async (request: RenderRequest): Promise<Float32Array[]> =>
  rowsOf(await compute.render(request, request.what === 'samples' ? null : batch));

test('samples are as many as were asked for, unlike one another, and the same for the same key', async () => {
  const request = { what: 'samples', count: 5, draw } as const;
  const pictures = await picturesOf(request);
  assert.equal(pictures.length, 5);
  assert.equal(new Set(pictures.map((picture) => picture.join())).size, 5);
  assert.deepEqual(await picturesOf(request), pictures);
  const others = await picturesOf({ ...request, draw: drawKey({ purpose: 'pictures', step: 4 }) });
  assert.ok(others.every((picture, index) => picture.join() !== pictures[index]!.join()));
  const more = await picturesOf({ ...request, count: 7 });
  assert.ok(
    relativeError(
      more.slice(0, 5).flatMap((p) => [...p]),
      pictures.flatMap((p) => [...p]),
    ) < 1e-6,
  );
});

test('draws from the posterior of a row stand side by side, each of its own noise', async () => {
  const pictures = await picturesOf({ what: 'posterior', draws: 3, output: 'mean', draw });
  assert.equal(pictures.length, 18);
  assert.equal(new Set(pictures.map((picture) => picture.join())).size, 18);
});

test('one draw of each posterior, by the decoder mean, is the reconstruction', async () => {
  assert.deepEqual(
    await picturesOf({ what: 'posterior', draws: 1, output: 'mean', draw }),
    await picturesOf({ what: 'reconstructions', draw }),
  );
});

test('a draw of the output differs from its mean by noise', async () => {
  const mean = await picturesOf({ what: 'posterior', draws: 2, output: 'mean', draw });
  const drawn = await picturesOf({ what: 'posterior', draws: 2, output: 'draw', draw });
  assert.equal(drawn.length, 12);
  assert.ok(drawn.every((picture, index) => picture.join() !== mean[index]!.join()));
});

test('an interpolation starts at the reconstruction of row 2i and ends at that of row 2i + 1', async () => {
  const steps = 4;
  const path = await picturesOf({ what: 'interpolation', steps, draw });
  const ends = await picturesOf({ what: 'reconstructions', draw });
  assert.equal(path.length, 3 * steps);
  for (const pair of [0, 1, 2]) {
    assert.ok(relativeError(path[pair * steps]!, ends[2 * pair]!) < 1e-5);
    assert.ok(relativeError(path[(pair + 1) * steps - 1]!, ends[2 * pair + 1]!) < 1e-5);
  }
});

test('a round trip through more components comes closer to the row', async () => {
  const errorOf = async (components: number): Promise<number> => {
    const pictures = await picturesOf({ what: 'roundTrip', components, clip: false });
    const difference = pictures.flatMap((p, row) =>
      Array.from(p, (value, index) => value - batch.rows[row * size + index]! / 255),
    );
    return Math.hypot(...difference);
  };
  const errors = [await errorOf(2), await errorOf(6), await errorOf(10)];
  assert.deepEqual(
    [...errors].sort((a, b) => b - a),
    errors,
  );
});

test('a round trip leaves the valid range without clipping only', async () => {
  const [free, clipped] = await Promise.all(
    [false, true].map(async (clip) =>
      (await picturesOf({ what: 'roundTrip', components: 10, clip })).flatMap((p) => [...p]),
    ),
  );
  assert.ok(free!.some((value) => value < 0 || value > 1));
  assert.deepEqual(
    clipped,
    free!.map((value) => Math.min(1, Math.max(0, value))),
  );
});

test('a round trip through more components than the basis has is refused', () =>
  assert.rejects(
    picturesOf({ what: 'roundTrip', components: 11, clip: true }),
    (error) => error instanceof LockstepError && error.exitCode === 64 && /11 .* has 10/.test(error.message),
  ));

test('on pixels a round trip is the row itself', async () => {
  const onPixels = await smallVae(runtime, { components: null });
  const pixels = await onPixels.render({ what: 'roundTrip', components: 5, clip: true }, batch);
  assert.deepEqual(
    pixels,
    Float32Array.from(batch.rows, (value) => value / 255),
  );
});

test('the variance of the output has one value a feature, at least the floor', async () => {
  const variances = await compute.render({ what: 'variance', draw }, batch);
  assert.equal(variances.length, 10);
  assert.ok(variances.every((value) => value >= Math.fround(0.01)));
  const fixed = await smallVae(runtime, { settings: { likelihood: 'fixedVariance', fixedVariance: 0.5 } });
  assert.deepEqual(await fixed.render({ what: 'variance', draw }, batch), new Float32Array(10).fill(0.5));
});

test('pictures of a model of whitened components are pixels too', async () => {
  const whitened = await smallVae(runtime, { whiten: true });
  const pixels = await whitened.render({ what: 'samples', count: 2, draw }, null);
  assert.equal(pixels.length, 2 * size);
  assert.ok(pixels.every((value) => value >= 0 && value <= 1));
});
