/**
 * What torchrun and Slurm say of a process's place in a cluster, through its environment: whom it connects to, which
 * rank it is, and which of the box's devices is its own. Flags win over all of it.
 *
 *   torchrun  MASTER_ADDR, MASTER_PORT  RANK          LOCAL_RANK
 *   Slurm                               SLURM_PROCID  SLURM_LOCALID
 */
import { firstPort } from '../../coordinator/listening.ts';
import { configurationError } from '../../shared/errors.ts';
import type { Environment } from '../../shared/runtime/environment.ts';

export interface ClusterPlace {
  readonly endpoint: string | null; // of the coordinator
  readonly rank: number | null;
  readonly localRank: number | null; // among the workers of its box
}

/** @throws LockstepError (78) for a variable whose value is no such thing */
export function clusterPlaceOf(environment: Environment): ClusterPlace {
  const address = environment['MASTER_ADDR'];
  const port = naturalOf('MASTER_PORT', environment, 65_535) ?? firstPort;
  return {
    endpoint: address ? `tcp://${address}:${port}` : null,
    rank: naturalOf('RANK', environment) ?? naturalOf('SLURM_PROCID', environment),
    localRank: naturalOf('LOCAL_RANK', environment) ?? naturalOf('SLURM_LOCALID', environment),
  };
}

/**
 * The one GPU of several that is this worker's, as CUDA_VISIBLE_DEVICES names it; null where the choice was made
 * already, or there is none to make.
 */
export const ownGpu = (
  gpus: readonly { readonly index: string }[],
  localRank: number | null,
): string | null => (localRank === null || gpus.length < 2 ? null : gpus[localRank % gpus.length]!.index);

function naturalOf(name: string, environment: Environment, most = Number.MAX_SAFE_INTEGER): number | null {
  const text = environment[name];
  if (!text) return null;
  if (/^\d+$/.test(text) && Number(text) <= most) return Number(text);
  throw configurationError(
    `${name} is ${JSON.stringify(text)}, expected a number: unset it, or set it right`,
  );
}
