/** What this machine has, as far as a fingerprint and the choice of a runtime need to know. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';

export const cpuModel = (): string => cpus()[0]?.model.trim() ?? process.arch;

export interface Gpu {
  readonly index: string; // as CUDA_VISIBLE_DEVICES counts
  readonly uuid: string;
  readonly name: string;
  readonly driver: string;
}

const queryTimeoutMs = 20_000; // a driver that wakes up takes seconds

/** The GPUs that this process may use: all of NVIDIA's, but those that CUDA_VISIBLE_DEVICES hides. */
export function visibleGpus(environment: NodeJS.ProcessEnv, all: readonly Gpu[] = queryGpus()): Gpu[] {
  const visible = environment['CUDA_VISIBLE_DEVICES'];
  if (visible === undefined) return [...all];
  const keys = visible.split(',').map((key) => key.trim());
  return keys.flatMap((key) => {
    if (key.startsWith('MIG-'))
      return [{ index: key, uuid: key, name: key, driver: all[0]?.driver ?? 'unknown' }];
    return all.filter(({ index, uuid }) => index === key || (key.startsWith('GPU-') && uuid.startsWith(key)));
  });
}

/** Asks NVIDIA's own tool; a device file without it still counts as a GPU, one that nobody can name. */
function queryGpus(): Gpu[] {
  const fields = 'index,uuid,name,driver_version';
  try {
    return parseGpus(
      execFileSync('nvidia-smi', [`--query-gpu=${fields}`, '--format=csv,noheader'], {
        encoding: 'utf8',
        timeout: queryTimeoutMs,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  } catch {
    const isThere = existsSync('/dev/nvidia0');
    return isThere ? [{ index: '0', uuid: '', name: 'NVIDIA GPU', driver: 'unknown' }] : [];
  }
}

/** Lines such as `0, GPU-5c5d..., NVIDIA H200, 570.86.15`. Exported for tests. */
export function parseGpus(lines: string): Gpu[] {
  return lines.split('\n').flatMap((line) => {
    const [index, uuid, name, driver] = line.split(',').map((field) => field.trim());
    return index && uuid && name && driver ? [{ index, uuid, name, driver }] : [];
  });
}
