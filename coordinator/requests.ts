/**
 * What a training program may ask of the cluster, one request at a time, and what it gets.
 *
 * The program is a generator: it reads from top to bottom as the story of a run, and knows nothing of workers
 * that come and go, of sockets or of time. Whoever runs it (the coordinator; a loop in a test) carries out each
 * request and hands the answer back.
 */
import type { StepSettings, Terms } from '../shared/model/compute.ts';
import type { Wire } from '../shared/math/node-values.ts';
import type { ModelDescription, TaskSpec } from '../shared/protocol/messages.ts';
import type { OptimiserState } from './reducer.ts';

export type Request =
  | { readonly kind: 'model' } // waits for the first worker
  | {
      readonly kind: 'publish'; // an array that tasks need; replaces the last version
      readonly array: 'basis' | 'statistics' | 'covariance';
      readonly values: Float32Array | Float64Array;
    }
  | {
      readonly kind: 'sum';
      readonly spec: Exclude<TaskSpec, { kind: 'gradient' }>;
      readonly leafCount: number;
      readonly resultLength: number;
      readonly dtype: 'float32' | 'float64';
    }
  | { readonly kind: 'load'; readonly version: number; readonly fill: (part: StatePart) => void } // and sends it
  | { readonly kind: 'read'; readonly take: TakeState }
  | StepRequest;

/** What needs no task: nobody computes for it. */
export type PlainRequest = Extract<Request, { kind: 'publish' | 'load' | 'read' }>;

export const isPlain = (request: Request): request is PlainRequest =>
  request.kind === 'publish' || request.kind === 'load' || request.kind === 'read';

export type StateArray = keyof OptimiserState;

/** Takes a part of the state, from value `offset` on: a view, valid during the call. */
export type TakeState = (array: StateArray, offset: number, values: Float32Array) => void;

/** Parameters and moments from value `offset` of [P] on; together the parts are all of it, in any order. */
export interface StatePart extends OptimiserState {
  readonly offset: number;
}

export interface StepRequest {
  readonly kind: 'step';
  readonly step: number;
  readonly leafCount: number;
  readonly batchSize: number;
  readonly settings: StepSettings;
  readonly wire: Wire;
  readonly optimiser: {
    readonly updates: number; // made before this one: t - 1 of Adam
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
  };
  readonly clipNorm: number | null;
  readonly onNonfinite: 'stop' | 'skip';
}

export interface SumResult {
  readonly values: Float32Array | Float64Array; // [resultLength]
  readonly terms: Terms; // sums over samples
  readonly sampleCount: number;
}

export interface StepResult {
  readonly committed: boolean; // false: not finite, and skipped
  readonly terms: Terms; // sums over the batch's samples
  readonly leafSquares: number; // sum over micro-batches of |gradient sum|^2
  readonly meanSquares: number; // |mean gradient|^2, before L2 and clipping
  readonly gradientNorm: number; // of the mean gradient with L2, before clipping
  readonly workerCount: number;
  readonly phases: StepPhases;
}

/**
 * Seconds of a step from when it was dealt, one after the other: until the worker that ends last has the new
 * parameters (of which Adam makes all but the first chunks meanwhile), what that worker computes, until all values
 * are summed, and the update of the first chunks.
 */
export interface StepPhases {
  readonly parameters: number;
  readonly compute: number;
  readonly exchange: number;
  readonly commit: number;
}

export type Answer =
  | { readonly kind: 'model'; readonly model: ModelDescription; readonly backend: string }
  | { readonly kind: 'done' } // of publish, load and read
  | { readonly kind: 'sum'; readonly result: SumResult }
  | { readonly kind: 'step'; readonly result: StepResult }
  | { readonly kind: 'failed'; readonly error: Error };

/** In words, for people. */
export const describe = (request: Extract<Request, { kind: 'sum' | 'step' }>): string =>
  request.kind === 'step' ? `gradient of step ${request.step}` : request.spec.kind;

/** The answer to a request that was given up because somebody asked the run to stop. */
export class Interrupted extends Error {
  constructor() {
    super('the run was asked to stop');
    this.name = 'Interrupted';
  }
}

/** A part of a training program: asks, is answered, and returns a T. */
export type Program<T> = Generator<Request, T, Answer>;

/** Asks for one thing, typed by what is asked. @throws the error that the cluster gave instead */
export function* ask<K extends Answer['kind']>(
  request: Request,
  kind: K,
): Program<Extract<Answer, { kind: K }>> {
  const answer = yield request;
  if (answer.kind === 'failed') throw answer.error;
  if (answer.kind !== kind) throw new Error(`asked ${request.kind}, answered ${answer.kind}`);
  return answer as Extract<Answer, { kind: K }>;
}
