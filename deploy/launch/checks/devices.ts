/** Who uses the GPUs of this box already, as NVIDIA's own tool says it. */
import { execFileSync } from 'node:child_process';
import { visibleGpus } from '../../../shared/model/runtimes/device.ts';
import type { Answer } from './schema.ts';

const queryTimeoutMs = 20_000;
const mebibyte = 2 ** 20;

/** Of the GPUs that may be used here; none where the tool is not there. */
export function devicesInUse(environment: NodeJS.ProcessEnv): Answer<'devices'> {
  const visible = visibleGpus(environment);
  if (visible.length === 0) return [];
  const memory = query('--query-gpu=uuid,memory.used,memory.total', environment);
  const processes = query('--query-compute-apps=gpu_uuid,pid', environment);
  return visible.flatMap(({ index, uuid }) => {
    const row = memory.find(([of]) => of === uuid);
    if (row === undefined) return [];
    const pids = processes.filter(([of]) => of === uuid).map(([, pid]) => Number(pid));
    return [{ index, usedBytes: Number(row[1]) * mebibyte, totalBytes: Number(row[2]) * mebibyte, pids }];
  });
}

function query(what: string, environment: NodeJS.ProcessEnv): string[][] {
  try {
    const text = execFileSync('nvidia-smi', [what, '--format=csv,noheader,nounits'], {
      encoding: 'utf8',
      timeout: queryTimeoutMs,
      env: environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.split('\n').map((line) => line.split(',').map((field) => field.trim()));
  } catch {
    return []; // a GPU that nobody can ask is taken as free: the gradient is computed on it all the same
  }
}
