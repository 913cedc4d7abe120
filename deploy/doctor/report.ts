/** The doctor's findings as people read them: a line for each thing, then what to do. */
import { formatNumber } from '../../shared/text.ts';
import type { Examination, RuntimeVerdict } from './examination.ts';
import type { Machine } from './machine.ts';
import { gigabytes, type Remedy } from './remedies.ts';

const labelWidth = 12;

export function reportLines(
  machine: Machine,
  examination: Examination,
  remedies: readonly Remedy[],
): string[] {
  const { runtimes, transport } = examination;
  const best = runtimes.find(({ verdict }) => verdict === 'ok');
  return [
    line('lockstep', machine.lockstep),
    line('node', `${machine.node} on ${machine.system}`),
    line('processor', `${machine.processor}, ${machine.cores} ${machine.cores === 1 ? 'core' : 'cores'}`),
    line('memory', `${gigabytes(machine.memoryBytes)}, ${gigabytes(machine.freeMemoryBytes)} free`),
    line('disk', `${gigabytes(machine.freeDiskBytes)} free for caches (${machine.cacheFolder})`),
    line('', `${gigabytes(machine.freeRunsBytes)} free for runs (${machine.runsFolder})`),
    line('gpu', machine.gpus.map(({ name, driver }) => `${name}, driver ${driver}`).join('; ') || 'none'),
    line('zeromq', transport.verdict === 'ok' ? 'ok, with CURVE' : `not usable: ${transport.reason}`),
    ...runtimes.map((runtime) => line(runtime.name, verdictText(runtime))),
    '',
    ...remedies.flatMap(({ what, mend }) => [what, `  to mend it: ${mend}`]),
    best === undefined ? 'nothing here can train' : `training here runs on ${best.name}`,
  ];
}

const line = (label: string, text: string): string => `${label.padEnd(labelWidth)}${text}`;

function verdictText({ name, verdict, fingerprint, distance, stepMs, reason }: RuntimeVerdict): string {
  if (verdict !== 'ok' || fingerprint === null)
    return `${verdict === 'unavailable' ? 'not usable' : verdict}: ${reason}`;
  const agreement =
    name === 'cpu'
      ? 'the reference'
      : distance === null
        ? 'not compared'
        : `gradient within ${distance.toExponential(1)} of cpu`;
  return `ok: ${fingerprint.version} on ${fingerprint.device}, ${agreement}, ${formatNumber(stepMs ?? NaN)} ms a tiny step`;
}
