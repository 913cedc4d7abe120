/**
 * How long a process that was told to end may live on: between SIGTERM and SIGKILL.
 *
 * No scheduler tells its processes. What the configuration says counts; else, where a variable shows who started
 * us, its default: 30 s of a Kubernetes pod (`terminationGracePeriodSeconds`) and of Slurm (`KillWait`).
 */
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';

export interface TerminationGrace {
  readonly seconds: number;
  readonly source: string; // in words: who says so
}

const defaults = [
  { variable: 'KUBERNETES_SERVICE_HOST', seconds: 30, source: "Kubernetes' default" },
  { variable: 'SLURM_JOB_ID', seconds: 30, source: "Slurm's default" },
];

/** @returns null where nobody knows, as on a box of one's own */
export function terminationGraceOf(
  { terminationGraceSeconds: seconds }: Pick<Config, 'terminationGraceSeconds'>,
  environment: Environment,
): TerminationGrace | null {
  if (seconds !== null) return { seconds, source: 'as configured' };
  return defaults.find(({ variable }) => Boolean(environment[variable])) ?? null;
}
