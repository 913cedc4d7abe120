/** Parameters and moments on their way into the reducers, at the start, and out of them, into a checkpoint. */
import { initialiseRange } from '../shared/math/initialise.ts';
import type { Kernels } from '../shared/math/kernels.ts';
import { chunkLength, createLayout } from '../shared/math/layout.ts';
import type { Basis } from '../shared/model/compute.ts';
import type { ModelDescription } from '../shared/protocol/messages.ts';
import type { Config } from '../shared/runtime/config.ts';
import type { Snapshot } from './journal.ts';
import type { Progress } from './progress.ts';
import { ask, type Program, type StateArray, type StatePart } from './requests.ts';

interface Making {
  readonly config: Config;
  readonly createKernels: (bytes: number) => Kernels;
}

/** What a run begins with: everything of a checkpoint, parameters alone, or neither: then the seed makes them. */
export interface FirstValues {
  readonly snapshot: Snapshot | null;
  readonly parameters: Float32Array | null; // [P]
}

/** First values of parameters and moments: made from the seed, given, or those of the checkpoint. */
export function* provideParameters(
  options: Making,
  model: ModelDescription,
  { snapshot: resume, parameters: alone }: FirstValues,
): Program<void> {
  const given = resume?.parameters ?? alone;
  const fromSeed = given === null ? createInitialiser(model, options) : null;
  const fill = ({ offset, parameters, firstMoment, secondMoment }: StatePart): void => {
    const slice = (values: Float32Array): Float32Array => values.subarray(offset, offset + parameters.length);
    if (fromSeed !== null) fromSeed(offset, parameters);
    else parameters.set(slice(given!));
    if (resume === null) return;
    firstMoment.set(slice(resume.firstMoment));
    secondMoment.set(slice(resume.secondMoment));
  };
  yield* ask({ kind: 'load', version: 1, fill }, 'done');
}

/** Fills any part of [P], from value `offset` on, by way of one small room. */
function createInitialiser(
  { parameters }: ModelDescription,
  { config, createKernels }: Making,
): (offset: number, out: Float32Array) => void {
  const layout = createLayout(parameters);
  const bytes = chunkLength * Float32Array.BYTES_PER_ELEMENT;
  const kernels = createKernels(bytes);
  const room = kernels.allocate(bytes);
  return (offset, out) => initialiseRange(layout, config.seed, offset, out, kernels, room, chunkLength);
}

/** Copies of all that a run needs to go on. @param spare whose arrays take them */
export function* takeSnapshot(
  model: ModelDescription,
  basis: Basis | null,
  progress: Progress,
  spare: Snapshot | null,
): Program<Snapshot> {
  const { parameterCount } = createLayout(model.parameters);
  const room = (array: StateArray): Float32Array => spare?.[array] ?? new Float32Array(parameterCount);
  const state = {
    parameters: room('parameters'),
    firstMoment: room('firstMoment'),
    secondMoment: room('secondMoment'),
  };
  yield* ask({ kind: 'read', take: (array, offset, values) => state[array].set(values, offset) }, 'done');
  return {
    ...state,
    model,
    basis,
    statistics: progress.statistics,
    progress: structuredClone({ ...progress, statistics: null }),
  };
}
