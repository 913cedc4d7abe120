/**
 * A worker's device: it recalls gradients instead of computing them, takes virtual time for each, and holds what
 * it is given against the reference. Every array of parameters that a worker is given must be that of some step,
 * and every gradient must be asked for at its own step's parameters.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Compute } from '../../shared/model/compute.ts';
import type { VirtualClock } from '../../shared/transport/virtual-time.ts';
import { image } from '../support/cluster.ts';
import { sameBits, type Expected } from './shapes.ts';

/** What befalls a device's next gradients. */
export interface DeviceTroubles {
  hangs: boolean;
  nonFinite: boolean;
}

export interface DeviceOptions {
  readonly name: string; // of the worker
  readonly clock: VirtualClock;
  readonly leafMs: number;
  readonly expected: Expected;
  readonly troubles: DeviceTroubles;
  readonly violate: (what: string) => void;
}

export function createDevice(options: DeviceOptions): Compute {
  const { name, clock, leafMs, expected, troubles, violate } = options;
  const compute = expected.shape.model.create(image);
  let step = -1; // whose parameters are here
  const wait = (): Promise<void> => new Promise((resolve) => void clock.after(leafMs, resolve));
  return {
    ...compute,
    async setParameters(values) {
      step = expected.states.findIndex(({ parameters }) => sameBits(parameters, values));
      if (step < 0) violate(`${name} was given parameters of no step`);
      await compute.setParameters(values);
    },
    async gradient(batch, draw, _settings, gradient) {
      if (troubles.hangs) await new Promise(() => {}); // for ever
      await wait();
      const leaf = expected.leaves[draw.step]?.[draw.microBatch];
      if (leaf === undefined || draw.step !== step) {
        violate(
          `${name} computes leaf ${draw.microBatch} of step ${draw.step} at the parameters of step ${step}`,
        );
        return { loss: 0 };
      }
      if (!isDeepStrictEqual(batch, leaf.batch))
        violate(`${name} has other rows of leaf ${draw.microBatch} of step ${draw.step}`);
      gradient.set(leaf.gradient);
      if (troubles.nonFinite) gradient[0] = NaN;
      troubles.nonFinite = false;
      return leaf.terms;
    },
    async evaluate(...leaf) {
      await wait();
      return compute.evaluate(...leaf);
    },
    async statistics(...leaf) {
      await wait();
      return compute.statistics(...leaf);
    },
  };
}
