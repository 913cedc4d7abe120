/**
 * How long the workers compute in a step: each its micro-batches, one after another, as the deal gives them.
 *
 * CPU workers beyond a box's cores take turns. After each gradient come passes over memory: its norm (4P read),
 * and but for a worker's first the addition to its neighbour (8P read, 4P written).
 */
import type { TreeNode } from '../../shared/math/tree.ts';
import type { Cluster, Job, Places } from './cluster.ts';
import type { Rates } from './rates.ts';

export function computeSeconds(
  { sizes, microBatchSize }: Job,
  { coresPerBox }: Cluster,
  rates: Rates,
  places: Places,
  nodes: readonly (readonly TreeNode[])[], // [W], of each worker
): number {
  const passBytes = 4 * sizes.parameterCount;
  const leafSeconds = microBatchSize * rates.sampleSeconds + passBytes / rates.memoryBytesPerSecond;
  const additionSeconds = (3 * passBytes) / rates.memoryBytesPerSecond;
  const ofWorker = nodes.map((own) => {
    const leaves = leavesOf(own);
    return leaves * leafSeconds + (leaves - own.length) * additionSeconds;
  });
  const boxes = new Set(places.workers);
  return Math.max(
    ...[...boxes].map((box) => {
      const here = ofWorker.filter((seconds, rank) => places.workers[rank] === box && seconds > 0);
      return coresPerBox === null
        ? Math.max(0, ...here)
        : sharedSeconds(here, Math.min(here.length, coresPerBox), rates.crowding);
    }),
  );
}

const leavesOf = (nodes: readonly TreeNode[]): number =>
  nodes.reduce((sum, { first, end }) => sum + end - first, 0);

/** No sooner than the longest, nor than all of them on so many cores. */
function sharedSeconds(seconds: readonly number[], cores: number, crowding: number): number {
  if (seconds.length === 0) return 0;
  const slowdown = seconds.length > 1 ? crowding : 1;
  const total = seconds.reduce((sum, each) => sum + each, 0);
  return slowdown * Math.max(total / cores, ...seconds);
}
