/** Parameters and moments on their way into the reducers, at the start, and out of them, into a checkpoint. */
import { initialiseRange } from '../shared/math/initialise.ts';
import type { Kernels } from '../shared/math/kernels.ts';
import { chunkLength, createLayout } from '../shared/math/layout.ts';
import type { Basis } from '../shared/model/compute.ts';
import type { ModelDescription } from '../shared/protocol/messages.ts';
import type { Config } from '../shared/runtime/config.ts';
import type { Snapshot } from './journal.ts';
import type { Progress } from './progress.ts';
import { ask, type Program, type StatePart } from './requests.ts';

export interface FirstValues {
  readonly config: Config;
  readonly createKernels: (bytes: number) => Kernels;
  readonly resume: Snapshot | null;
  readonly initialParameters: Float32Array | null; // [P]
}

/** First values of parameters and moments: made from the seed, given, or those of the checkpoint. */
export function* provideParameters(options: FirstValues, model: ModelDescription): Program<void> {
  const { config, createKernels, resume } = options;
  const given = resume?.parameters ?? options.initialParameters;
  const fill = ({ offset, parameters, firstMoment, secondMoment }: StatePart): void => {
    const slice = (values: Float32Array): Float32Array => values.subarray(offset, offset + parameters.length);
    if (given === null) fromSeed(model, config.seed, createKernels, offset, parameters);
    else parameters.set(slice(given));
    if (resume === null) return;
    firstMoment.set(slice(resume.firstMoment));
    secondMoment.set(slice(resume.secondMoment));
  };
  yield* ask({ kind: 'load', version: 1, fill }, 'done');
}

/** @param out a part of [P], from value `offset` on; overwritten */
function fromSeed(
  model: ModelDescription,
  seed: number,
  createKernels: FirstValues['createKernels'],
  offset: number,
  out: Float32Array,
): void {
  const kernels = createKernels(chunkLength * out.BYTES_PER_ELEMENT);
  const room = kernels.allocate(chunkLength * out.BYTES_PER_ELEMENT);
  initialiseRange(createLayout(model.parameters), seed, offset, out, kernels, room, chunkLength);
}

/** Copies of all that a run needs to go on. */
export function* takeSnapshot(
  model: ModelDescription,
  basis: Basis | null,
  progress: Progress,
): Program<Snapshot> {
  const { parts } = yield* ask({ kind: 'read' }, 'read');
  const length = parts.reduce((sum, part) => sum + part.parameters.length, 0);
  const gather = (pick: (part: StatePart) => Float32Array): Float32Array => {
    const whole = new Float32Array(length);
    for (const part of parts) whole.set(pick(part), part.offset);
    return whole;
  };
  return {
    parameters: gather((part) => part.parameters),
    firstMoment: gather((part) => part.firstMoment),
    secondMoment: gather((part) => part.secondMoment),
    model,
    basis,
    statistics: progress.statistics,
    progress: structuredClone({ ...progress, statistics: null }),
  };
}
