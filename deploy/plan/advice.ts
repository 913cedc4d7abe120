/**
 * What a plan comes to: the batch that makes the exchange small, and whether more than one box pays.
 *
 * Batches that are tried give every worker a power of two of micro-batches: then its range is one node of the tree,
 * and it sends one array. Any other number sends more.
 */
import { oneBoxOf, type Cluster, type Job } from './cluster.ts';
import { predict, type Prediction } from './predict.ts';
import type { Rates } from './rates.ts';

export interface Advice {
  /** The least batch, in powers of two, whose exchange is less than a tenth of its step. */
  readonly batchForTenth: number;
  readonly oneBox: OneBox | null; // null where the cluster is one box
}

export interface OneBox {
  readonly workers: number;
  readonly prediction: Prediction;
  readonly isFaster: boolean;
  /** The least batch, in powers of two, with which the cluster is faster than one box; null where no batch is large enough. */
  readonly batchToPay: number | null;
  /** The least rate of the link with which it is, at this batch; null where none is. */
  readonly linkToPay: number | null; // bits per second
}

const exchangeShare = 0.1;
const mostMicroBatches = 2 ** 20; // of a worker
const slowestLink = 1e6; // bits per second
const quickestLink = 1e13;

export function advise(job: Job, cluster: Cluster, rates: Rates): Advice {
  const ofEach = (microBatches: number): Job => ({
    ...job,
    batchSize: microBatches * cluster.workers * job.microBatchSize,
  });
  const isTenth = (microBatches: number): boolean => {
    const { exchangeSeconds, stepSeconds } = predict(ofEach(microBatches), cluster, rates);
    return exchangeSeconds < exchangeShare * stepSeconds;
  };
  const least = leastPower(isTenth) ?? mostMicroBatches;
  return { batchForTenth: ofEach(least).batchSize, oneBox: compareOneBox(job, cluster, rates, ofEach) };
}

function compareOneBox(
  job: Job,
  cluster: Cluster,
  rates: Rates,
  ofEach: (microBatches: number) => Job,
): OneBox | null {
  if (cluster.boxes === 1) return null;
  const box = oneBoxOf(cluster);
  const pays = (of: Job, on: Cluster): boolean =>
    predict(of, on, rates).samplesPerSecond > predict(of, box, rates).samplesPerSecond;
  const microBatches = leastPower((count) => pays(ofEach(count), cluster));
  return {
    workers: box.workers,
    prediction: predict(job, box, rates),
    isFaster: !pays(job, cluster),
    batchToPay: microBatches === null ? null : ofEach(microBatches).batchSize,
    linkToPay: leastRate((linkBitsPerSecond) => pays(job, { ...cluster, linkBitsPerSecond })),
  };
}

/** The least power of two for which it holds. */
function leastPower(holds: (count: number) => boolean): number | null {
  for (let count = 1; count <= mostMicroBatches; count *= 2) if (holds(count)) return count;
  return null;
}

/** To 1 %. */
function leastRate(holds: (bitsPerSecond: number) => boolean): number | null {
  if (!holds(quickestLink)) return null;
  let [tooSlow, enough] = [slowestLink, quickestLink];
  while (enough / tooSlow > 1.01) {
    const middle = Math.sqrt(tooSlow * enough);
    if (holds(middle)) enough = middle;
    else tooSlow = middle;
  }
  return enough;
}
