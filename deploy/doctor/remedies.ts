/**
 * For each thing that is missing, what to do about it: a command wherever there is one.
 */
import { gatherFacts } from '../setup/facts.mjs';
import type { Paths } from '../setup/paths.mjs';
import { planTensorflow, remedy } from '../setup/plan.mjs';
import { isOnPath } from '../setup/process.mjs';
import type { Examination, RuntimeVerdict } from './examination.ts';
import type { Machine } from './machine.ts';

export interface Remedy {
  readonly what: string; // is missing or wrong
  readonly mend: string;
}

/** The command that brings a TensorFlow, and what stood in its way. */
export interface TensorflowRemedy {
  readonly obstacles: readonly string[];
  readonly command: string;
}

const leastMemoryBytes = 2e9;
const leastDiskBytes = 2e9;
const reinstall = 'npm ci --ignore-scripts && npx lockstep setup';

/** Asks the set-up's own plan, so that both give the same advice. */
export async function tensorflowRemedy(paths: Paths): Promise<TensorflowRemedy> {
  const facts = await gatherFacts(paths);
  const { obstacles, packages } = planTensorflow(facts);
  const isRoot = process.getuid?.() === 0;
  const command = remedy({ packages, offline: facts.offline, isRoot }, (program) =>
    isOnPath(program, paths.environment),
  );
  return { obstacles, command };
}

/** @param isClone whether npm's packages are reinstalled in place */
export function remediesFor(
  machine: Machine,
  { runtimes, transport }: Examination,
  tensorflow: TensorflowRemedy,
  isClone: boolean,
): Remedy[] {
  const again = isClone ? reinstall : 'npm install -g lockstep';
  const list = runtimes.flatMap((runtime) => remedyOf(runtime, machine, tensorflow, again));
  if (transport.verdict !== 'ok') list.push({ what: `ZeroMQ: ${transport.reason}`, mend: again });
  if (machine.memoryBytes < leastMemoryBytes) {
    list.push({
      what: `${gigabytes(machine.memoryBytes)} of memory`,
      mend: 'train with --workers 1 and a small --width',
    });
  }
  if (machine.freeRunsBytes < leastDiskBytes) {
    list.push({
      what: `${gigabytes(machine.freeRunsBytes)} of disk free in ${machine.runsFolder}`,
      mend: 'free some, or train with --run-dir on a larger disk',
    });
  }
  return list;
}

function remedyOf(
  runtime: RuntimeVerdict,
  machine: Machine,
  tensorflow: TensorflowRemedy,
  again: string,
): Remedy[] {
  const { name, verdict, reason, fingerprint } = runtime;
  if (name === 'tensorflow' && verdict !== 'ok') {
    // Where it is not set up, what stood in the way says more than what loading it said.
    const why =
      verdict === 'unavailable' && tensorflow.obstacles.length > 0 ? tensorflow.obstacles : [reason];
    return [{ what: `tensorflow: ${why.join('; ')}`, mend: tensorflow.command }];
  }
  if (name === 'webgpu') {
    if (verdict === 'ok' || verdict === 'unavailable') return []; // nobody needs it, and its line says what it lacks
    return [
      { what: `webgpu: ${reason}`, mend: 'update the driver of the GPU, or train without --runtime webgpu' },
    ];
  }
  if (verdict !== 'ok') return [{ what: `${name}: ${reason}`, mend: again }];
  const [gpu] = machine.gpus;
  if (name === 'tensorflow' && gpu !== undefined && !fingerprint?.device.includes(gpu.name)) {
    const what = `tensorflow computes on the CPU although a GPU is there (${gpu.name}, driver ${gpu.driver})`;
    return [{ what, mend: `${tensorflow.command}; CUDA 12 needs driver 525 or later (nvidia-smi shows it)` }];
  }
  return [];
}

export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
