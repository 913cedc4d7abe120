/** What every table is headed with: the machine and the versions that its figures were measured on. */
import { findPaths } from '../setup/paths.mjs';
import { lookAtMachine, type Machine } from '../doctor/machine.ts';

export type MachineFacts = Pick<Machine, 'lockstep' | 'node' | 'system' | 'processor' | 'cores'> & {
  readonly memoryBytes: number;
  readonly gpus: readonly string[];
};

export function machineFacts(): MachineFacts {
  const { lockstep, node, system, processor, cores, memoryBytes, gpus } = lookAtMachine(
    findPaths(),
    process.cwd(),
  );
  return { lockstep, node, system, processor, cores, memoryBytes, gpus: gpus.map(({ name }) => name) };
}

/** Two lines. */
export function describeMachine(facts: MachineFacts): string {
  const { lockstep, node, system, processor, cores, memoryBytes, gpus } = facts;
  const memory = `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const gpu = gpus.length === 0 ? 'no GPU' : gpus.join(', ');
  return `${processor}, ${cores} cores, ${memory}, ${gpu}\nlockstep ${lockstep}, Node ${node}, ${system}`;
}
