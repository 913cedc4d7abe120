/** One runtime against the plain JavaScript backend: same parameters, rows and draws, on a deeper model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RenderRequest } from '../../shared/model/compute.ts';
import { createKernelDraws } from '../../shared/model/draws.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { relativeError } from './golden-vae.ts';
import { drawKey, seededBatch, smallVae } from './small-vae.ts';

const rowCount = 40;
const settings = { width: 96, latent: 24, encoderBlocks: 3, branchBlocks: 2, decoderBlocks: 5 };

/** Ten components, three hidden layers, masks and noise from the kernels on either side. */
export function agreesWithCpu(name: string, open: () => Promise<Runtime>): void {
  test(`${name} agrees with cpu on loss, gradient, statistics, evaluation and pictures`, async () => {
    const expected = await everything(
      await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true }),
    );
    const actual = await everything(await open());
    const floor = Math.max(...expected['gradient']!.map(Math.abs)) / 100; // batch norm cancels some
    for (const [key, values] of Object.entries(expected)) {
      const error = relativeError(actual[key]!, values, key.startsWith('gradient of') ? floor : 0);
      assert.ok(error < 1e-4, `${key}: relative error ${error}`);
    }
  });
}

async function everything(runtime: Runtime): Promise<Record<string, readonly number[]>> {
  const compute = await smallVae({ ...runtime, draws: createKernelDraws() }, { settings });
  const batch = seededBatch(rowCount);
  const gradient = new Float32Array(compute.layout.parameterCount);
  const statistics = new Float64Array(compute.statisticsLength);
  const terms = await compute.gradient(batch, drawKey(), { klWeight: 0.7 }, gradient);
  await compute.statistics(batch, drawKey({ purpose: 'statistics' }), statistics);
  await compute.setStatistics(biasedVariances(statistics));
  const evaluated = await compute.evaluate(batch, drawKey({ purpose: 'evaluation' }), { klWeight: 0.7 });
  const request: RenderRequest = { what: 'posterior', draws: 2, output: 'draw', draw: drawKey() };
  const pictures = await compute.render(request, batch);
  const byParameter = compute.layout.trained.map(({ name, offset, length }): [string, number[]] => [
    `gradient of ${name}`,
    [...gradient.subarray(offset, offset + length)],
  ]);
  compute.dispose();
  return {
    ...Object.fromEntries(byParameter),
    gradient: [...gradient],
    statistics: [...statistics],
    terms: Object.values(terms),
    evaluated: Object.values(evaluated),
    pictures: [...pictures],
  };
}

/** From means and means of squares to means and variances. */
function biasedVariances(moments: Float64Array): Float32Array {
  const half = moments.length / 2;
  return Float32Array.from(moments, (value, index) =>
    index < half ? value : value - moments[index - half]! ** 2,
  );
}
