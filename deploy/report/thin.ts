/**
 * Long series made short enough to draw: consecutive records are gathered into buckets, and a bucket is drawn
 * as one point. A mean hides spikes, and no more than its line's width could show of them anyway.
 */

export type Point = readonly [x: number, y: number];

/** Consecutive items in at most `limit` buckets whose sizes differ by one at most; never an empty one. */
export function buckets<T>(items: readonly T[], limit: number): T[][] {
  const count = Math.min(items.length, limit);
  return Array.from({ length: count }, (_, index) => {
    const first = Math.floor((index * items.length) / count);
    return items.slice(first, Math.floor(((index + 1) * items.length) / count));
  });
}

/** One point a bucket: the x of its last item, the mean of those y that are finite; none where there are none. */
export function thin<T>(
  items: readonly T[],
  limit: number,
  x: (item: T) => number,
  y: (item: T) => number,
): Point[] {
  return buckets(items, limit).flatMap((bucket): Point[] => {
    const values = bucket.map(y).filter(Number.isFinite);
    const last = bucket.at(-1);
    if (last === undefined || values.length === 0) return [];
    return [[x(last), values.reduce((sum, value) => sum + value, 0) / values.length]];
  });
}

export interface Frame {
  readonly low: number;
  readonly high: number;
  readonly isCut: boolean; // values lie above
}

const usualPart = 0.95; // of the values lies below what counts as usual
const outlierRatio = 3; // of the whole range to the usual one, from which on the top is cut off
const margin = 0.08; // of the range

/**
 * The part of the y axis worth drawing: all of it, unless a few large values (a run's first steps, a spike)
 * would press everything else flat.
 */
export function frameOf(values: readonly number[]): Frame | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined) return null;
  const usual = sorted[Math.floor(usualPart * (sorted.length - 1))] ?? high;
  const isCut = usual > low && high - low > outlierRatio * (usual - low);
  const top = isCut ? usual : high;
  const room = margin * (top - low || Math.abs(low) || 1);
  return { low: low - room, high: top + room, isCut };
}
