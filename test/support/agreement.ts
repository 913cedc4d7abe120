/** One runtime against the plain JavaScript backend: same parameters, rows and draws, on a deeper model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Layout } from '../../shared/math/layout.ts';
import type { RenderRequest } from '../../shared/model/compute.ts';
import { createKernelDraws } from '../../shared/model/draws.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { relativeError } from './golden-vae.ts';
import { drawKey, seededBatch, smallVae } from './small-vae.ts';

const rowCount = 40;
const tolerance = 1e-4;
/** Of gradients: back through thirteen batch norms over few rows, one rounding becomes a few hundred. */
const gradientTolerance = 3e-4;
/** Where a unit of one draw lies within rounding of ReLU's kink, a gradient may differ by more. */
const drawCount = 5; // of which the median counts
const settings = { width: 96, latent: 24, encoderBlocks: 3, branchBlocks: 2, decoderBlocks: 5 };

/** Ten components, three hidden layers, masks and noise from the kernels on either side. */
export function agreesWithCpu(name: string, open: () => Promise<Runtime>): void {
  test(`${name} agrees with cpu on loss, gradient, statistics, evaluation and pictures`, async () => {
    const expected = await everything(
      await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true }),
    );
    const actual = await everything(await open());
    for (const [key, values] of Object.entries(expected.arrays)) {
      const error = relativeError(actual.arrays[key]!, values);
      assert.ok(error < tolerance, `${key}: relative error ${error}`);
    }
    for (const { name, offset, length } of expected.layout.trained) {
      const errors = expected.gradients.map((gradient, draw) => {
        const floor = Math.max(...gradient.map(Math.abs)) / 100; // batch norm cancels some
        const part = (values: Float32Array) => values.subarray(offset, offset + length);
        return relativeError(part(actual.gradients[draw]!), part(gradient), floor);
      });
      assert.ok(
        medianOf(errors) < gradientTolerance,
        `gradient of ${name}: relative errors ${errors.join(', ')}`,
      );
    }
  });
}

const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

interface Everything {
  readonly layout: Layout;
  readonly arrays: Readonly<Record<string, readonly number[]>>;
  readonly gradients: readonly Float32Array[]; // of several draws
}

async function everything(runtime: Runtime): Promise<Everything> {
  const compute = await smallVae({ ...runtime, draws: createKernelDraws() }, { settings });
  const batch = seededBatch(rowCount);
  const gradients = Array.from({ length: drawCount }, () => new Float32Array(compute.layout.parameterCount));
  const statistics = new Float64Array(compute.statisticsLength);
  const terms: number[] = [];
  for (const [step, gradient] of gradients.entries()) {
    const ofDraw = await compute.gradient(batch, drawKey({ step }), { klWeight: 0.7 }, gradient);
    terms.push(...Object.values(ofDraw));
  }
  await compute.statistics(batch, drawKey({ purpose: 'statistics' }), statistics);
  await compute.setStatistics(biasedVariances(statistics));
  const evaluated = await compute.evaluate(batch, drawKey({ purpose: 'evaluation' }), { klWeight: 0.7 });
  const request: RenderRequest = { what: 'posterior', draws: 2, output: 'draw', draw: drawKey() };
  const pictures = await compute.render(request, batch);
  const { layout } = compute;
  compute.dispose();
  return {
    layout,
    gradients,
    arrays: {
      statistics: [...statistics],
      terms,
      evaluated: Object.values(evaluated),
      pictures: [...pictures],
    },
  };
}

/** From means and means of squares to means and variances. */
function biasedVariances(moments: Float64Array): Float32Array {
  const half = moments.length / 2;
  return Float32Array.from(moments, (value, index) =>
    index < half ? value : value - moments[index - half]! ** 2,
  );
}
