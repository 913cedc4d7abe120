/** A plan as text, in the order in which a reader asks: how fast, why, does it fit, what would be better. Pure. */
import type { DeviceMemory } from '../../shared/model/memory.ts';
import { formatCount, formatNumber, formatShare, plural } from '../../shared/text.ts';
import type { Advice } from './advice.ts';
import type { Cluster, Job } from './cluster.ts';
import type { Prediction } from './predict.ts';
import { measured } from './rates.ts';

/** All that `--json` prints. */
export interface Plan {
  readonly model: string;
  readonly job: Job;
  readonly cluster: Cluster;
  readonly device: string; // how quick one is taken to be, and where that is from
  readonly prediction: Prediction;
  readonly memory: { readonly device: DeviceMemory; readonly coordinatorBytes: number };
  readonly advice: Advice;
}

export function formatPlan(plan: Plan): string {
  const { prediction, memory, advice } = plan;
  return `${[opening(plan), timeTable(plan), memoryTable(memory), words(prediction, advice)]
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function opening({ model, job, cluster, device }: Plan): string[] {
  const { batchSize, microBatchSize, sizes, wire } = job;
  const { workers, boxes, coordinatorApart, linkBitsPerSecond, isEncrypted, reducers } = cluster;
  const where = `coordinator on ${coordinatorApart ? 'a box of its own' : 'the first box'}`;
  const link =
    linkBitsPerSecond === null ? 'no link to speak of' : `links of ${formatRate(linkBitsPerSecond)}`;
  return [
    `${model}: ${formatCount(sizes.parameterCount)} parameters, ${formatNumber(sizes.flopsPerSample / 1e9)} GFLOP a sample`,
    `batch ${formatCount(batchSize)}: ${plural(batchSize / microBatchSize, 'micro-batch', 'es')} of ${microBatchSize}`,
    `${plural(workers, 'worker')} on ${plural(boxes, 'box', 'es')}, ${where}, ${link}` +
      `${isEncrypted ? `, encrypted (${measured.encryption.value} x the host's time a byte)` : ''}, ${plural(reducers, 'reducer')}, gradients as ${wire}`,
    `a device: ${device}`,
  ];
}

function timeTable({ prediction, cluster }: Plan): string[] {
  const { stepSeconds, phases, bound, samplesPerSecond, efficiency, linkBytes } = prediction;
  const row = (name: string, value: string, note = ''): string =>
    `${name.padEnd(24)}${value.padStart(9)}  ${note}`.trimEnd();
  const time = (name: string, seconds: number, note = ''): string =>
    row(name, formatNumber(1000 * seconds), `ms  ${formatShare(seconds / stepSeconds).padStart(5)}  ${note}`);
  const traffic = `${formatNumber(linkBytes.up / 1e6)} MB up, ${formatNumber(linkBytes.down / 1e6)} MB down`;
  return [
    time('step', stepSeconds),
    time('  parameters down', phases.parameters, `by the ${bound.down}`),
    time('  compute', phases.compute),
    time('  gradients up', phases.sum, `by the ${bound.up}`),
    time('  Adam', phases.update),
    row('samples/s', formatNumber(samplesPerSecond)),
    row('efficiency', formatShare(efficiency, 1), 'of devices that only compute'),
    ...(cluster.linkBitsPerSecond === null ? [] : [`over the busiest link, a step: ${traffic}`]),
  ];
}

function memoryTable({ device, coordinatorBytes }: Plan['memory']): string[] {
  const row = (name: string, bytes: number): string =>
    `${name.padEnd(24)}${formatNumber(bytes / 1e6).padStart(9)}  MB`;
  return [
    row('memory of a device', device.totalBytes),
    row('  parameters', device.parameterBytes),
    row('  gradients', device.gradientBytes),
    row('  a micro-batch', device.activationBytes),
    row('memory of coordinator', coordinatorBytes),
  ];
}

function words({ idleWorkers, exchangeSeconds, stepSeconds }: Prediction, advice: Advice): string[] {
  const share = formatShare(exchangeSeconds / stepSeconds);
  const lines = [
    `The exchange takes ${share} of the step; less than a tenth from a batch of ` +
      `${formatCount(advice.batchForTenth)} on.`,
  ];
  if (idleWorkers > 0)
    lines.push(
      `${plural(idleWorkers, 'worker')} would be idle: there are fewer micro-batches. Make them smaller.`,
    );
  return [...lines, ...boxWords(advice.oneBox)];
}

function boxWords(oneBox: Advice['oneBox']): string[] {
  if (oneBox === null) return [];
  const { workers, prediction, isFaster, batchToPay, linkToPay } = oneBox;
  const alone = `One box alone, ${plural(workers, 'worker')}, would make ${formatNumber(prediction.samplesPerSecond)} samples/s`;
  if (!isFaster)
    return [
      `${alone}: less.${batchToPay === null ? '' : ` More boxes pay from a batch of ${formatCount(batchToPay)} on.`}`,
    ];
  const ways = [
    ...(batchToPay === null ? [] : [`a batch of ${formatCount(batchToPay)}`]),
    ...(linkToPay === null ? [] : [`links of ${formatRate(linkToPay)}`]),
  ];
  const remedy =
    ways.length === 0 ? 'No batch or link changes that.' : `More boxes pay from ${ways.join(', or ')}.`;
  return [`${alone}: it would be faster. ${remedy}`];
}

const formatRate = (bitsPerSecond: number): string =>
  bitsPerSecond >= 1e9
    ? `${formatNumber(bitsPerSecond / 1e9)} Gb/s`
    : `${formatNumber(bitsPerSecond / 1e6)} Mb/s`;
