/** Losses over epochs, updates and time: of each arm the mean of its seeds, and the range that they span. */
import type { Colour } from '../palette.ts';
import type { Series } from '../plots.ts';
import type { Point } from '../thin.ts';
import type { Arm } from './arms.ts';
import { positionOn, termOf, type StudyAxis, type StudySplit } from './read-off.ts';

export interface Curve extends Series {
  readonly band: readonly { readonly x: number; readonly low: number; readonly high: number }[];
}

const pointLimit = 300; // of a curve

/** Evaluation by evaluation; the axis' positions are averaged too, which differ in time alone. */
export function curveOf(
  arm: Arm,
  axis: StudyAxis,
  split: StudySplit,
  term: string,
  look: { readonly name: string; readonly colour: Colour; readonly dash: readonly [number, number] },
): Curve {
  const runs = arm.trials.map(({ run }) => run.evaluations);
  const length = Math.min(...runs.map(({ length: each }) => each));
  const stride = Math.max(1, Math.ceil(length / pointLimit));
  const points: Point[] = [];
  const band: { x: number; low: number; high: number }[] = [];
  for (let index = (length - 1) % stride; index < length; index += stride) {
    const records = runs.map((run) => run[index]!);
    const values = records.map((record) => termOf(record, split, term)).filter(Number.isFinite);
    if (values.length === 0) continue;
    const x = mean(records.map(positionOn[axis]));
    points.push([x, mean(values)]);
    band.push({ x, low: Math.min(...values), high: Math.max(...values) });
  }
  return { ...look, points, band: runs.length > 1 ? band : [] };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
