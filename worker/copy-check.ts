/**
 * Whether the device holds the parameters that were sent: read back and compared bit for bit with what the frames,
 * each with its checksum, brought. Once at the beginning and then every so many versions, since reading costs.
 *
 * A copy that differs computes nothing: the worker gives its connection up, and on the next one is sent
 * everything anew.
 */
import { exitCodes, LockstepError } from '../shared/errors.ts';
import type { Compute } from '../shared/model/compute.ts';

const checkEvery = 100; // versions
const toleratedInARow = 2;

/**
 * @returns asked after each version was put onto the device; null when all is well, else what is wrong
 * @throws LockstepError (69) when it was wrong again and again
 */
export function createCopyCheck(): (compute: Compute, sent: Float32Array) => Promise<string | null> {
  let [untilNext, wrong] = [0, 0];
  return async (compute, sent) => {
    untilNext -= 1;
    if (untilNext > 0) return null;
    if (await compute.holdsParameters(sent)) {
      [untilNext, wrong] = [checkEvery, 0];
      return null;
    }
    [untilNext, wrong] = [0, wrong + 1];
    const reason = `its device (${compute.fingerprint.device}) does not hold the parameters that it was sent`;
    if (wrong <= toleratedInARow) return `${reason}; they are sent anew`;
    throw new LockstepError(`${reason}, ${wrong} times in a row: test its memory`, exitCodes.unavailable);
  };
}
