/**
 * A step's time on a cluster, as a sum: nothing of the exchange is hidden behind the computation, since a worker
 * begins when all parameters are there, and sends when its sum is whole.
 *
 *   parameters down -> installed -> gradients computed -> summed (up) -> Adam
 *
 * Efficiency is samples a second over those of W devices that do nothing but compute.
 */
import { deal } from '../../shared/math/deal.ts';
import { coverRange, type TreeNode } from '../../shared/math/tree.ts';
import type { Cluster, Job } from './cluster.ts';
import { placesOf } from './cluster.ts';
import { computeSeconds } from './compute.ts';
import { passage } from './exchange.ts';
import type { Rates } from './rates.ts';

export interface Prediction {
  readonly stepSeconds: number;
  readonly samplesPerSecond: number;
  readonly efficiency: number;
  readonly phases: Phases; // seconds
  readonly exchangeSeconds: number; // all but computing
  readonly bound: { readonly up: 'link' | 'host'; readonly down: 'link' | 'host' };
  readonly linkBytes: { readonly up: number; readonly down: number }; // over the busiest link, each step
  readonly idleWorkers: number;
  readonly mostMicroBatches: number; // of one worker
}

export interface Phases {
  readonly parameters: number; // down to all workers, and onto their devices
  readonly compute: number;
  readonly sum: number; // gradients up
  readonly update: number; // Adam
}

export function predict(job: Job, cluster: Cluster, rates: Rates): Prediction {
  const { batchSize, microBatchSize, sizes, wire } = job;
  const { parameterCount } = sizes;
  const places = placesOf(cluster);
  const nodes = dealt(batchSize / microBatchSize, cluster.workers);
  const arrayBytes = 4 * parameterCount;
  const nodeBytes = wire === 'bfloat16' ? arrayBytes / 2 : arrayBytes;
  const up = passage(
    nodes.map((own) => own.length * nodeBytes),
    'up',
    cluster,
    rates,
    places,
  );
  const down = passage(
    nodes.map(() => arrayBytes),
    'down',
    cluster,
    rates,
    places,
  );
  const phases: Phases = {
    parameters: down.seconds + (2 * arrayBytes) / rates.memoryBytesPerSecond,
    compute: computeSeconds(job, cluster, rates, places, nodes),
    sum: up.seconds,
    update: (parameterCount * rates.updateSecondsPerParameter) / cluster.reducers,
  };
  const stepSeconds = phases.parameters + phases.compute + phases.sum + phases.update;
  const samplesPerSecond = batchSize / stepSeconds;
  const leaves = nodes.map((own) => own.reduce((sum, { first, end }) => sum + end - first, 0));
  return {
    stepSeconds,
    samplesPerSecond,
    efficiency: (samplesPerSecond * rates.sampleSeconds) / cluster.workers,
    phases,
    exchangeSeconds: stepSeconds - phases.compute,
    bound: { up: up.bound, down: down.bound },
    linkBytes: { up: up.linkBytes, down: down.linkBytes },
    idleWorkers: leaves.filter((count) => count === 0).length,
    mostMicroBatches: Math.max(...leaves),
  };
}

/** As the coordinator deals; where all get equally many, there is but one way, and nothing to search. */
function dealt(leafCount: number, workers: number): TreeNode[][] {
  if (leafCount % workers !== 0) return deal(leafCount, workers);
  const each = leafCount / workers;
  return Array.from({ length: workers }, (_, rank) =>
    coverRange({ first: rank * each, end: (rank + 1) * each }, leafCount),
  );
}
