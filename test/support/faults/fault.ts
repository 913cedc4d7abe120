/**
 * Faults of a worker's device, put between the worker and what computes: it dies, hangs, dawdles, or computes
 * nonsense, at a moment that a test names. All of them come from the device, so that the worker itself is the real one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Compute } from '../../../shared/model/compute.ts';

type Method = 'gradient' | 'statistics' | 'evaluate' | 'covariance' | 'basis' | 'setParameters';

export type Fault =
  | { readonly kind: 'kill'; readonly at: Method; readonly call: number; readonly when: 'before' | 'after' }
  | { readonly kind: 'nan'; readonly step: number; readonly times: number } // gradients of this step
  | { readonly kind: 'lie'; readonly step: number } // a bit of each gradient of this step
  | { readonly kind: 'copy' } // a bit of the first parameters that it gets
  | { readonly kind: 'slow'; readonly step: number; readonly ms: number } // more for each gradient, from this step on
  | { readonly kind: 'block'; readonly step: number; readonly ms: number }; // no JavaScript runs

/** The same device, but for its fault. `now` in ms. */
export function withFault(compute: Compute, fault: Fault | null, now: () => number): Compute {
  switch (fault?.kind) {
    case undefined:
      return compute;
    case 'kill':
      return killing(compute, fault);
    case 'copy':
      return miscopying(compute);
    case 'slow':
      return {
        ...compute,
        async gradient(batch, draw, settings, gradient) {
          if (draw.step >= fault.step) await delay(fault.ms);
          return compute.gradient(batch, draw, settings, gradient);
        },
      };
    case 'nan':
    case 'lie':
    case 'block':
      return {
        ...compute,
        gradient: miscomputing(compute, fault, now),
      };
    default:
      return fault satisfies never;
  }
}

function killing(compute: Compute, { at, call, when }: Extract<Fault, { kind: 'kill' }>): Compute {
  let calls = 0;
  const method = compute[at] as (...given: unknown[]) => Promise<unknown>;
  const fatal = async (...given: unknown[]): Promise<unknown> => {
    calls += 1;
    if (calls === call && when === 'before') process.kill(process.pid, 'SIGKILL');
    const result = await method(...given);
    // A turn later its first frames are under way.
    if (calls === call) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return result;
  };
  return { ...compute, [at]: fatal };
}

function miscomputing(
  compute: Compute,
  fault: Extract<Fault, { kind: 'nan' | 'lie' | 'block' }>,
  now: () => number,
): Compute['gradient'] {
  let left = fault.kind === 'nan' ? fault.times : Infinity;
  return async (batch, draw, settings, gradient) => {
    const terms = await compute.gradient(batch, draw, settings, gradient);
    if (draw.step !== fault.step || left === 0) return terms;
    left -= 1;
    if (fault.kind === 'nan') gradient[0] = NaN;
    if (fault.kind === 'lie') flipBit(gradient, 1);
    if (fault.kind === 'block') {
      left = 0;
      for (const beganMs = now(); now() - beganMs < fault.ms;);
    }
    return terms;
  };
}

function miscopying(compute: Compute): Compute {
  let copies = 0;
  return {
    ...compute,
    setParameters(parameters) {
      copies += 1;
      if (copies > 1) return compute.setParameters(parameters);
      const wrong = parameters.slice();
      flipBit(wrong, 7);
      return compute.setParameters(wrong);
    },
  };
}

function flipBit(values: Float32Array, index: number): void {
  new Uint32Array(values.buffer, values.byteOffset, values.length)[index]! ^= 1 << 3;
}
