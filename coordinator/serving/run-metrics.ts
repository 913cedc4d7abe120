/**
 * The metrics of a run: what Prometheus reads at the coordinator, of all ranks.
 *
 * Counters and histograms are told of what happens; what is only known when somebody looks (ages, memory, how full
 * the disk is) is found out then. Every series has the run's id, and `lockstep_run_info` says what run that is, so
 * that a query joins them: rate of samples * on(run_id) group_left(batch_size) lockstep_run_info.
 */
import { statfs } from 'node:fs/promises';
import { createLayout } from '../../shared/math/layout.ts';
import {
  createMetrics,
  type GaugeMetric,
  type MetricSpec,
  type Metrics,
} from '../../shared/runtime/metrics.ts';
import type { Notice } from '../effects.ts';
import type { EvaluationRecord, StepRecord } from '../journal.ts';
import type { Extent } from '../screen/lines.ts';
import { phasesOf } from './course.ts';
import type { RankView } from './ranks.ts';
import type { RunWatcher } from './watchers.ts';

export interface RunMetricsOptions {
  readonly info: {
    readonly run_id: string;
    readonly batch_size: number;
    readonly micro_batch_size: number;
    readonly version: string;
  };
  readonly expectedWorkers: number;
  readonly reducers: number;
  readonly folder: string; // of the run: how full is its disk?
  readonly ranks: () => readonly RankView[];
  readonly writeErrors: () => number; // of the run folder, since the beginning
  readonly wallSeconds: () => number;
}

export interface RunMetrics extends RunWatcher {
  readonly metrics: Metrics;
  bytes(direction: 'received' | 'sent', count: number): void;
  /** A peer that broke the protocol. */
  offence(kind: string): void;
  /** The run is over: nobody waits for its ranks any more. */
  ended(): void;
}

const stepBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100]; // seconds

export function createRunMetrics(options: RunMetricsOptions): RunMetrics {
  const metrics = createMetrics({ run_id: options.info.run_id });
  const counter = (name: string, help: string, ...labels: string[]) =>
    metrics.counter(specOf(name, help, labels));
  const gauge = (name: string, help: string, ...labels: string[]) =>
    metrics.gauge(specOf(name, help, labels));
  const events = addEventCounters(counter);
  const training = addTraining(metrics, counter, gauge, options.wallSeconds);
  const runInfo = gauge(
    'run_info',
    'What run this is.',
    'batch_size',
    'micro_batch_size',
    'parameters',
    'version',
    'runtime',
    'device',
  );
  const bytes = counter('bytes_total', 'Bytes of messages, at the coordinator.', 'direction');
  const checkpoints = counter('checkpoints_total', 'Checkpoints written.');
  const lastCheckpoint = gauge('last_checkpoint_timestamp_seconds', 'When the last checkpoint was written.');
  addRanks(metrics, gauge, options);
  addDisk(metrics, counter, gauge, options);
  const finished = gauge('run_finished', '1 when the run is over, and is only read.');
  finished.set(0);
  gauge('reducers', 'Processes that share the parameters and their moments; 1: the coordinator alone.').set(
    options.reducers,
  );
  return {
    metrics,
    ...training,
    ...events,
    bytes: (direction, count) => bytes.add(count, { direction }),
    modelKnown(model, backend) {
      const device = options.ranks().find(({ state }) => state !== 'lost')?.device ?? '';
      const { run_id: _, ...info } = options.info;
      const { parameterCount } = createLayout(model.parameters);
      runInfo.set(1, { ...info, parameters: parameterCount, runtime: backend, device });
    },
    checkpointed() {
      checkpoints.add();
      lastCheckpoint.set(options.wallSeconds());
    },
    ended: () => finished.set(1),
  };
}

const specOf = (name: string, help: string, labels: readonly string[]): MetricSpec => ({
  name: `lockstep_${name}`,
  help,
  ...(labels.length > 0 ? { labels } : {}),
});

type AddCounter = (name: string, help: string, ...labels: string[]) => ReturnType<Metrics['counter']>;
type AddGauge = (name: string, help: string, ...labels: string[]) => GaugeMetric;

/** What befalls the cluster. */
function addEventCounters(counter: AddCounter): Pick<RunMetrics, 'notice' | 'offence'> {
  const joins = counter('worker_joins_total', 'Workers that joined.');
  const losses = counter('worker_losses_total', 'Workers that were lost.');
  const refusals = counter('worker_refusals_total', 'Workers that were refused at the door.');
  const reassigned = counter(
    'reassigned_micro_batches_total',
    'Micro-batches given to others: their worker was lost.',
  );
  const duplicated = counter(
    'duplicated_micro_batches_total',
    'Micro-batches given to a second worker: the first is slow.',
  );
  const nonFinite = counter('non_finite_micro_batches_total', 'Micro-batches whose value was not finite.');
  const stalls = counter('stalls_total', 'Times that a task waited for silent workers for too long.');
  const rows = counter('sent_row_bytes_total', 'Bytes of rows that were sent to workers without the data.');
  const stale = counter('stale_frames_total', 'Messages about what is over, passed over.');
  const duplicates = counter('duplicate_frames_total', 'Messages that had arrived already, passed over.');
  const errors = counter(
    'errors_total',
    'Messages that broke the protocol, and ended their connection.',
    'kind',
  );
  return {
    offence: (kind) => errors.add(1, { kind }),
    notice(notice: Notice) {
      if (notice.kind === 'joined') joins.add();
      if (notice.kind === 'lost') losses.add();
      if (notice.kind === 'refused') refusals.add();
      if (notice.kind === 'reassigned') reassigned.add(notice.microBatches);
      if (notice.kind === 'duplicated') duplicated.add(notice.microBatches);
      if (notice.kind === 'stalled') stalls.add();
      if (notice.kind === 'nonFinite') nonFinite.add(notice.leaves.length);
      if (notice.kind === 'rows') rows.add(notice.bytes);
      if (notice.kind === 'stale') stale.add();
      if (notice.kind === 'duplicate') duplicates.add();
    },
  };
}

function addTraining(
  metrics: Metrics,
  counter: AddCounter,
  gauge: AddGauge,
  wallSeconds: () => number,
): Pick<RunMetrics, 'stepDone' | 'evaluated'> {
  const samples = counter('samples_total', 'Samples that steps were made of.');
  const steps = counter('steps_total', 'Steps made.');
  const skipped = counter(
    'non_finite_steps_total',
    'Steps that changed nothing: their gradient was not finite.',
  );
  const phase = metrics.histogram(
    specOf('step_duration_seconds', 'Duration of the phases of a step, which add up to it.', ['phase']),
    stepBuckets,
  );
  const whole = metrics.histogram(specOf('step_seconds', 'Duration of whole steps.', []), stepBuckets);
  const loss = gauge('loss', 'Of the last step, per sample.', 'term');
  const evaluation = gauge('evaluation_loss', 'Of the last evaluation, per sample.', 'split', 'term');
  const learningRate = gauge('learning_rate', 'Of the last step.');
  const gradientNorm = gauge('gradient_norm', 'Of the last step, before clipping.');
  const epoch = gauge('epoch', 'Passes over the training rows.');
  const planned = gauge('planned_steps', 'Steps at the end of the run.');
  const made = gauge('made_steps', 'Steps made since the run began, in all its sittings.');
  const lastStep = gauge('last_step_timestamp_seconds', 'When the last step ended.');
  const noise = gauge(
    'gradient_noise_scale_samples',
    'Batch size at which noise and signal of the gradient are equal.',
  );
  return {
    stepDone(record: StepRecord, { stepCount }: Extent) {
      samples.add(record.samples);
      steps.add();
      if (!record.committed) skipped.add();
      for (const [name, seconds] of Object.entries(phasesOf(record))) phase.observe(seconds, { phase: name });
      whole.observe(record.seconds);
      for (const [term, value] of Object.entries(record.terms)) loss.set(value, { term });
      learningRate.set(record.learningRate);
      gradientNorm.set(record.gradientNorm);
      epoch.set(record.epoch);
      planned.set(stepCount);
      made.set(record.step + 1);
      lastStep.set(wallSeconds());
    },
    evaluated({ training, heldOut, test, noiseScale }: EvaluationRecord) {
      for (const [split, terms] of Object.entries({ training, held_out: heldOut, test }))
        for (const [term, value] of Object.entries(terms ?? {})) evaluation.set(value, { split, term });
      if (noiseScale !== null) noise.set(noiseScale);
    },
  };
}

function addRanks(metrics: Metrics, gauge: AddGauge, { ranks, expectedWorkers }: RunMetricsOptions): void {
  const workers = gauge('workers', 'Workers by what they do.', 'state');
  const expected = gauge('expected_workers', 'Workers that the run was started with.');
  const up = gauge('rank_up', '1 while the rank is there, 0 when it was lost and is not back.', 'rank');
  const info = gauge('rank_info', 'What computes the rank.', 'rank', 'host', 'runtime', 'device');
  const compute = gauge(
    'rank_compute_seconds',
    'Time that the rank took for its part of the last gradient.',
    'rank',
  );
  const parts = gauge('rank_micro_batches', 'Micro-batches of that part.', 'rank');
  const memory = gauge('rank_resident_memory_bytes', 'Resident memory of the worker.', 'rank');
  const age = gauge('rank_heartbeat_age_seconds', 'Time since the rank was last heard of.', 'rank');
  metrics.onRead(() => {
    for (const each of [workers, up, info, compute, parts, memory, age]) each.clear();
    expected.set(expectedWorkers);
    const views = ranks();
    for (const state of ['starting', 'working', 'waiting', 'silent', 'lost'] as const)
      workers.set(views.filter((view) => view.state === state).length, { state });
    for (const view of views) {
      const { rank, host, device, backend, computeSeconds, microBatches, residentBytes, ageSeconds } = view;
      up.set(view.state === 'lost' ? 0 : 1, { rank });
      if (view.state === 'lost') continue;
      info.set(1, { rank, host, device, runtime: backend });
      age.set(ageSeconds, { rank });
      if (residentBytes !== null) memory.set(residentBytes, { rank });
      if (computeSeconds === null) continue;
      compute.set(computeSeconds, { rank });
      parts.set(microBatches, { rank });
    }
  });
}

function addDisk(metrics: Metrics, counter: AddCounter, gauge: AddGauge, options: RunMetricsOptions): void {
  const free = gauge('run_folder_free_bytes', 'Room on the disk of the run folder.');
  const size = gauge('run_folder_size_bytes', 'Size of the disk of the run folder.');
  const failed = counter('write_errors_total', 'Writes to the run folder that failed.');
  let counted = 0;
  metrics.onRead(async () => {
    [free, size].forEach((each) => each.clear());
    const disk = await statfs(options.folder).catch(() => null); // no folder, no figures: writing to it fails loudly
    if (disk !== null) {
      free.set(disk.bavail * disk.bsize);
      size.set(disk.blocks * disk.bsize);
    }
    failed.add(options.writeErrors() - counted);
    counted = options.writeErrors();
  });
}
