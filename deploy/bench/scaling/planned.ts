/** What the plan says of a run of the scaling benchmark, with the rates that were measured beside it. */
import type { Config } from '../../../shared/runtime/config.ts';
import { loadConfig } from '../../../shared/runtime/load-config.ts';
import type { ConfigField } from '../../../shared/runtime/config.ts';
import type { Cluster } from '../../plan/cluster.ts';
import { predict, type Prediction } from '../../plan/predict.ts';
import type { Rates } from '../../plan/rates.ts';
import { modelSizes } from '../../plan/request.ts';
import { sharedCores } from './calibrate.ts';
import { flagsOf, type Point, type Settings } from './point.ts';

/** As the run's own, environment included. @throws LockstepError */
export const configOf = (settings: Settings, point: Point): Config =>
  loadConfig({
    preset: settings.preset,
    file: null,
    environment: process.env,
    flags: new Map(Object.entries(flagsOf(settings, point)) as [ConfigField, string][]),
  }).config;

export function planned(settings: Settings, point: Point, rates: Rates): Prediction {
  const { workers, batchSize, microBatchSize, link } = point;
  const cluster: Cluster = {
    workers,
    boxes: 1,
    coordinatorApart: link !== null,
    linkBitsPerSecond: link?.bitsPerSecond ?? null,
    isEncrypted: false,
    reducers: 1,
    coresPerBox: sharedCores(settings),
  };
  const sizes = modelSizes(configOf(settings, point));
  return predict({ sizes, batchSize, microBatchSize, wire: 'float32' }, cluster, rates);
}
