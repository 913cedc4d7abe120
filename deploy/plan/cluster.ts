/** What is planned: a model and its batch on a cluster of boxes, and which worker and reducer is on which box. */
import type { Wire } from '../../shared/math/node-values.ts';
import type { ModelSizes } from '../../shared/model/sizes.ts';

export interface Job {
  readonly sizes: ModelSizes;
  readonly batchSize: number;
  readonly microBatchSize: number; // divides it
  readonly wire: Wire; // of gradients going up; parameters come down as float32
}

export interface Cluster {
  readonly workers: number; // W, one a device, spread evenly over the boxes
  readonly boxes: number; // that have workers
  readonly coordinatorApart: boolean; // on a box without workers; else on the first
  readonly linkBitsPerSecond: number | null; // of each box, each way; null: as good as infinite
  readonly isEncrypted: boolean;
  readonly reducers: number; // R; where there are several, one box after another has one, from the coordinator's on
  readonly coresPerBox: number | null; // that CPU workers share, a thread each; null: a device each
}

/** Box of every worker and every reducer. The coordinator's is 0. */
export interface Places {
  readonly workers: readonly number[]; // [W]
  readonly reducers: readonly number[]; // [R]
}

export function placesOf({ workers, boxes, coordinatorApart, reducers }: Cluster): Places {
  const firstBox = coordinatorApart ? 1 : 0;
  const boxCount = boxes + firstBox;
  return {
    workers: Array.from({ length: workers }, (_, rank) => firstBox + Math.floor((rank * boxes) / workers)),
    reducers: Array.from({ length: reducers }, (_, reducer) => reducer % boxCount),
  };
}

/** The same workers, as many as one box of the cluster has, with the coordinator and nothing on a link. */
export const oneBoxOf = (cluster: Cluster): Cluster => ({
  ...cluster,
  workers: Math.ceil(cluster.workers / cluster.boxes),
  boxes: 1,
  coordinatorApart: false,
  linkBitsPerSecond: null,
  isEncrypted: false,
  reducers: 1,
});
