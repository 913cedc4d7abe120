/**
 * The course of a run in bounded memory: a point for so many steps, and twice as many whenever there are too many
 * points. What a curve needs of a million steps fits a screen, and adding one costs the same at the end as at the
 * beginning.
 */
import { noiseScale } from '../../shared/math/noise-scale.ts';
import type { Terms } from '../../shared/model/compute.ts';
import type { StepRecord } from '../journal.ts';
import type { StepPhases } from '../requests.ts';

/** Means over some steps in a row. */
export interface Point {
  readonly steps: number; // made when the last of them was
  readonly epoch: number;
  readonly terms: Terms; // per sample
  readonly learningRate: number; // of the last one
  readonly klWeight: number;
  readonly gradientNorm: number;
  readonly samplesPerSecond: number;
  readonly phases: Phases; // seconds a step
  readonly noiseScale: number | null; // samples
}

/** Seconds; they do not overlap, and add up to the step. */
export interface Phases extends StepPhases {
  readonly wait: number; // for workers, or for an answer that was thrown away
}

export interface Course {
  add(record: StepRecord): void;
  /** Points from an index on: what a reader that knows the earlier ones lacks. The last one may still change. */
  from(index: number): Point[];
  readonly length: number;
  /** Goes up when earlier points have changed: whoever knows them must read all anew. */
  readonly version: number;
}

interface Sums {
  last: StepRecord;
  count: number;
  terms: Record<string, number>;
  gradientNorm: number;
  seconds: number;
  samples: number;
  phases: Phases;
  noise: { stepCount: number; gradientSquares: number; noise: number };
}

/** The phases of a step, and what is left of it. */
export function phasesOf({ phases, seconds }: Pick<StepRecord, 'phases' | 'seconds'>): Phases {
  const { parameters, compute, exchange, commit } = phases;
  const wait = Math.max(0, seconds - parameters - compute - exchange - commit);
  return { parameters, compute, exchange, commit, wait };
}

/** @param pointsMax even */
export function createCourse(pointsMax = 1200): Course {
  let points: Sums[] = [];
  let stepsPerPoint = 1;
  let version = 0;
  return {
    add(record) {
      const open = points.at(-1);
      if (open !== undefined && open.count < stepsPerPoint) {
        points[points.length - 1] = merge(open, sumsOf(record));
        return;
      }
      if (points.length >= pointsMax) {
        points = points.flatMap((point, index) =>
          index % 2 === 0 ? [merge(point, points[index + 1]!)] : [],
        );
        stepsPerPoint *= 2;
        version += 1;
      }
      points.push(sumsOf(record));
    },
    from: (index) => points.slice(index).map(pointOf),
    get length() {
      return points.length;
    },
    get version() {
      return version;
    },
  };
}

function sumsOf(record: StepRecord): Sums {
  const { terms, gradientNorm, seconds, samples, noise } = record;
  return {
    last: record,
    count: 1,
    terms: { ...terms },
    gradientNorm,
    seconds,
    samples,
    phases: phasesOf(record),
    noise: {
      stepCount: noise === null ? 0 : 1,
      gradientSquares: noise?.squaredGradient ?? 0,
      noise: noise?.trace ?? 0,
    },
  };
}

function merge(a: Sums, b: Sums): Sums {
  return {
    last: b.last,
    count: a.count + b.count,
    terms: added(a.terms, b.terms),
    gradientNorm: a.gradientNorm + b.gradientNorm,
    seconds: a.seconds + b.seconds,
    samples: a.samples + b.samples,
    phases: added(a.phases, b.phases),
    noise: added(a.noise, b.noise),
  };
}

/** The sums of fields of the same names. */
function added<T extends object>(a: T, b: T): T {
  const [left, right] = [a as Record<string, number>, b as Record<string, number>];
  return Object.fromEntries(Object.keys(left).map((name) => [name, left[name]! + (right[name] ?? NaN)])) as T;
}

/** Each field divided by a number. */
const divided = <T extends object>(values: T, by: number): T =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, (value as number) / by])) as T;

function pointOf({ last, count, terms, gradientNorm, seconds, samples, phases, noise }: Sums): Point {
  return {
    steps: last.step + 1,
    epoch: last.epoch,
    terms: divided(terms, count),
    learningRate: last.learningRate,
    klWeight: last.klWeight,
    gradientNorm: gradientNorm / count,
    samplesPerSecond: samples / seconds,
    phases: divided(phases, count),
    noiseScale: noiseScale(noise),
  };
}
