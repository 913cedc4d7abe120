/** Sharpness where it is known: of a quadratic by formula, of a small model by its whole Hessian. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eigenSymmetric } from '../../shared/math/eigen.ts';
import { createLossSurface, type LossSurface } from '../../shared/model/loss-surface.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { measureSharpness, rho } from '../../shared/model/sharpness.ts';
import { seededBatch, seededParameters, smallVae } from '../support/small-vae.ts';

/** 1/2 sum c_i w_i^2. */
function bowl(curvatures: readonly number[]): LossSurface {
  const loss = (w: Float32Array): Promise<number> =>
    Promise.resolve(w.reduce((sum, value, i) => sum + 0.5 * curvatures[i]! * value ** 2, 0));
  return {
    size: curvatures.length,
    loss,
    gradient(w, out) {
      w.forEach((value, i) => (out[i] = curvatures[i]! * value));
      return loss(w);
    },
  };
}

test('of a quadratic both measures are those of the formula', async () => {
  const curvatures = [8, 3, 1, -20];
  const w = Float32Array.of(0, 2, 0, 0);
  const found = await measureSharpness(bowl(curvatures), w, 1);
  assert.equal(found.gradientNorm, 6);
  assert.ok(Math.abs(found.rise - (6 * rho + 0.5 * 3 * rho ** 2)) < 1e-5, String(found.rise));
  assert.ok(Math.abs(found.eigenvalue - 8) < 0.1, String(found.eigenvalue));
  assert.ok(found.isSettled);
});

test('at the very minimum, where there is no direction to rise, the rise is 0', async () => {
  const { rise, eigenvalue } = await measureSharpness(bowl([2, 1]), new Float32Array(2), 1);
  assert.equal(rise, 0);
  assert.ok(Math.abs(eigenvalue - 2) < 0.02);
});

test('where the loss is no number nothing is known of its sharpness', async () => {
  const { rise, eigenvalue, isSettled } = await measureSharpness(
    bowl([NaN, 1]),
    new Float32Array(2).fill(1),
    1,
  );
  assert.ok(Number.isNaN(rise) && Number.isNaN(eigenvalue) && !isSettled);
});

test('of a small model the eigenvalue is the largest of its whole Hessian', async () => {
  const runtime = await openRuntime('wasm', { threads: 1, precision: 'float32', allowCpu: true });
  const shape = { width: 4, latent: 1, encoderBlocks: 1, branchBlocks: 0, decoderBlocks: 1 };
  const settings = { ...shape, likelihood: 'fixedVariance' } as const; // of about 70 parameters
  const { loaded, layout } = await smallVae(runtime, { components: 3, settings });
  const surface = createLossSurface(loaded, [seededBatch(40)], 3);
  const parameters = seededParameters(layout);
  const found = await measureSharpness(surface, parameters, 1);
  const [top = NaN] = eigenSymmetric(await hessian(surface, parameters), surface.size, 1).values;
  assert.ok(found.isSettled, JSON.stringify(found));
  assert.ok(Math.abs(found.eigenvalue / top - 1) < 0.05, `${found.eigenvalue}, expected ${top}`);
});

/** Column by column, by central differences. @returns [P, P], symmetric */
async function hessian(surface: LossSurface, parameters: Float32Array): Promise<Float64Array> {
  const { size } = surface;
  const step = 3e-3;
  const columns: Float64Array[] = [];
  for (let column = 0; column < size; column++) {
    const [up, down] = [new Float64Array(size), new Float64Array(size)];
    for (const [sign, out] of [
      [1, up],
      [-1, down],
    ] as const) {
      const moved = parameters.slice();
      moved[column]! += sign * step;
      await surface.gradient(moved, out);
    }
    columns.push(up.map((value, row) => (value - down[row]!) / (2 * step)));
  }
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    return (columns[column]![row]! + columns[row]![column]!) / 2;
  });
}
