/** Rules of the learning rate side by side: the loss against the batch size, a line a rule. */
import { lineSpec, type Series } from '../plots.ts';
import type { Point } from '../thin.ts';
import { readOff, type StudyAxis } from './read-off.ts';
import { lookOf, sayPoint, withLogarithmicX, type Sketch } from './sketches.ts';
import type { Study } from './study.ts';

/** Null where one rule alone was tried, or one size. */
export function rulesSketch(
  { arms: { families }, effects: { points } }: Study,
  axis: StudyAxis,
): Sketch | null {
  const point = points[axis];
  if (point === null || families.length < 2) return null;
  const series = families.map(({ name, arms }, index): Series => {
    const means = arms.flatMap((arm): Point[] => {
      const values = arm.trials.flatMap((trial) => readOff(trial, axis, point, 'heldOut', 'loss') ?? []);
      if (values.length === 0) return [];
      return [[arm.batchSize, values.reduce((sum, value) => sum + value, 0) / values.length]];
    });
    return { name, ...lookOf(index), points: means };
  });
  if (series.every(({ points: own }) => own.length < 2)) return null;
  const sizes = [...new Set(families.flatMap(({ arms }) => arms.map(({ batchSize }) => batchSize)))];
  const spec = lineSpec({ x: 'batch size', y: 'nats per sample', series, size: 'half' });
  return {
    id: `rules-${axis}`,
    title: `Held-out loss at equal ${axis}`,
    caption: `At ${sayPoint(axis, point)}; the mean over seeds.`,
    isWide: false,
    spec: withLogarithmicX(spec, sizes),
  };
}
