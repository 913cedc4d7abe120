/**
 * What a worker computes with, each part under its own name but telling a tracer how long everything takes: reading
 * rows, projecting them, the passes forward and backward with every operation, reading gradients, adding them up.
 *
 * A gradient is cut into its phases from outside: what comes before the loss is asked for is the projection, what
 * comes after it was made is the backward pass.
 */
import type { Batch, Dataset } from '../shared/data/dataset.ts';
import type { Compute, DrawKey } from '../shared/model/compute.ts';
import type { Model } from '../shared/model/model.ts';
import { flopsOf, record } from '../shared/model/profile.ts';
import type { Runtime } from '../shared/model/runtime.ts';
import type { SpanArguments } from '../shared/protocol/trace-messages.ts';
import { traced, type Tracer } from '../shared/runtime/trace.ts';
import type { FoundData, RunRows } from './data.ts';
import type { Rooms } from './node.ts';
import { mainTrack } from './worker-trace.ts';

export interface WatchedDevice {
  model(model: Model): Model;
  runtime(runtime: Runtime): Runtime;
  /** @param compute made of the watched model and runtime */
  compute<T extends Compute>(compute: T): T;
  /** Of what is read here: rows that are sent tell of themselves. */
  data(data: RunRows): RunRows;
}

export function watchDevice(tracer: Tracer): WatchedDevice {
  const forward = { beganMs: 0, endedMs: 0 }; // of the loss that was computed last

  /** One leaf: the call itself, its phases, and every operation. */
  async function watchLeaf<T>(name: string, args: SpanArguments, run: () => Promise<T>): Promise<T> {
    const beganMs = tracer.nowMs();
    let value: T | null = null;
    const { operations, reads } = await record(async () => (value = await run()), tracer.nowMs);
    const endedMs = tracer.nowMs();
    tracer.span(mainTrack, name, beganMs, endedMs, args);
    if (forward.beganMs >= beganMs) {
      tracer.span(mainTrack, 'projection', beganMs, forward.beganMs);
      tracer.span(mainTrack, 'forward', forward.beganMs, forward.endedMs);
      const rest = name === 'gradient' ? 'backward' : 'reading';
      tracer.span(mainTrack, rest, forward.endedMs, endedMs);
    }
    for (const { name: operation, product, ...times } of operations) {
      const shape =
        product === null
          ? undefined
          : {
              product: `${product.rows} x ${product.inner} x ${product.columns}`,
              gflop: flopsOf(product) / 1e9,
            };
      tracer.span(mainTrack, operation, times.beganMs, times.endedMs, shape);
    }
    for (const read of reads) tracer.span(mainTrack, 'read', read.beganMs, read.endedMs);
    return value as T;
  }

  return {
    model: (model) => ({
      ...model,
      lossSum(...given) {
        forward.beganMs = tracer.nowMs();
        const loss = model.lossSum(...given);
        forward.endedMs = tracer.nowMs();
        return loss;
      },
    }),

    runtime(runtime) {
      const { reader } = runtime;
      if (reader === undefined) return runtime;
      const read: typeof reader.read = (tensor, out) =>
        traced(tracer, mainTrack, 'read gradient', () => reader.read(tensor, out));
      return { ...runtime, reader: { ...reader, read } };
    },

    compute: (compute) => ({
      ...compute,
      gradient: (batch, draw, ...rest) =>
        watchLeaf('gradient', leafOf(batch, draw), () => compute.gradient(batch, draw, ...rest)),
      evaluate: (batch, draw, ...rest) =>
        watchLeaf('evaluate', leafOf(batch, draw), () => compute.evaluate(batch, draw, ...rest)),
      statistics: (batch, draw, ...rest) =>
        watchLeaf('statistics', leafOf(batch, draw), () => compute.statistics(batch, draw, ...rest)),
      covariance: (batch, sums) =>
        watchLeaf('covariance', { rows: batch.rowCount }, () => compute.covariance(batch, sums)),
      basis: (...given) => watchLeaf('basis', {}, () => compute.basis(...given)),
      render: (request, batch) =>
        watchLeaf('render', { what: request.what }, () => compute.render(request, batch)),
    }),

    data({ training, test }) {
      const watch = (found: FoundData): FoundData => {
        const { own } = found;
        if (own === null) return found;
        const readRows: Dataset['readRows'] = (...given) =>
          traced(tracer, mainTrack, 'rows', () => own.readRows(...given));
        return { ...found, own: { ...own, readRows } };
      };
      return { training: watch(training), test: test && watch(test) };
    },
  };
}

const leafOf = ({ rowCount }: Batch, { microBatch }: DrawKey): SpanArguments => ({
  microBatch,
  rows: rowCount,
});

/** Rooms whose sums are spans: of a leaf, and of two nodes. */
export function watchRooms(rooms: Rooms, tracer: Tracer): Rooms {
  const { kernels } = rooms;
  return {
    ...rooms,
    kernels: {
      ...kernels,
      finishLeaf: (...given) => traced(tracer, mainTrack, 'finish leaf', () => kernels.finishLeaf(...given)),
      add: (...given) => traced(tracer, mainTrack, 'add', () => kernels.add(...given)),
      add64: (...given) => traced(tracer, mainTrack, 'add', () => kernels.add64(...given)),
      addBfloat16: (...given) => traced(tracer, mainTrack, 'add', () => kernels.addBfloat16(...given)),
      addToRoot: (...given) => traced(tracer, mainTrack, 'add', () => kernels.addToRoot(...given)),
      narrow: (...given) => traced(tracer, mainTrack, 'round to bfloat16', () => kernels.narrow(...given)),
    },
  };
}
