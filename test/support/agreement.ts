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
/** Where a unit of one draw lies within rounding of ReLU's kink, a gradient may differ by more. */
const mostDraws = 5; // of which the median counts
const shallow = { width: 96, latent: 24, encoderBlocks: 1, branchBlocks: 1, decoderBlocks: 1 };
const deep = { ...shallow, encoderBlocks: 3, branchBlocks: 2, decoderBlocks: 5 };
/** Back through thirteen batch norms over few rows, one rounding becomes a few hundred. */
const gradientTolerances = [
  [shallow, 1e-4],
  [deep, 3e-4],
] as const;

/**
 * Ten components, masks and noise from the kernels on either side.
 * @param isSlow leaves out the deep model, and most of the draws
 */
export function agreesWithCpu(name: string, open: () => Promise<Runtime>, { isSlow = false } = {}): void {
  const drawCount = isSlow ? 1 : mostDraws;
  test(`${name} agrees with cpu on loss, gradient, statistics, evaluation and pictures`, async () => {
    for (const [settings, gradientTolerance] of gradientTolerances.slice(0, isSlow ? 1 : undefined)) {
      const cpu = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
      const expected = await everything(cpu, settings, drawCount);
      const actual = await everything(await open(), settings, drawCount);
      for (const [key, values] of Object.entries(expected.arrays)) {
        const error = relativeError(actual.arrays[key]!, values);
        assert.ok(error < tolerance, `${key}: relative error ${error}`);
      }
      assertGradients(actual, expected, gradientTolerance);
    }
  });
}

/** Every draw's gradient as a whole, and each parameter's by the median over draws. */
function assertGradients(actual: Everything, expected: Everything, limit: number): void {
  for (const [draw, gradient] of expected.gradients.entries()) {
    const error = distance(actual.gradients[draw]!, gradient);
    assert.ok(error < limit, `gradient of draw ${draw}: relative distance ${error}, expected below ${limit}`);
  }
  for (const { name, offset, length } of expected.layout.trained) {
    const errors = expected.gradients.map((gradient, draw) => {
      const floor = Math.max(...gradient.map(Math.abs)) / 100; // batch norm cancels some
      const part = (values: Float32Array) => values.subarray(offset, offset + length);
      return relativeError(part(actual.gradients[draw]!), part(gradient), floor);
    });
    assert.ok(medianOf(errors) < limit, `gradient of ${name}: relative errors ${errors.join(', ')}`);
  }
}

/** |a - b| / |b|, of the whole vectors. */
function distance(a: Float32Array, b: Float32Array): number {
  const norm = (values: Float32Array): number => Math.hypot(...values);
  return norm(a.map((value, i) => value - b[i]!)) / norm(b);
}

const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

interface Everything {
  readonly layout: Layout;
  readonly arrays: Readonly<Record<string, readonly number[]>>;
  readonly gradients: readonly Float32Array[]; // of several draws
}

async function everything(runtime: Runtime, settings: typeof deep, drawCount: number): Promise<Everything> {
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
