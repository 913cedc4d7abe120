/**
 * The story of a training run, from top to bottom.
 *
 * A step is a pure function of (parameters, moments, step number), so the story needs no bookkeeping of rows,
 * workers or random states: it asks for step after step, and evaluates, paints and saves at the end of epochs.
 */
import type { ImageShape } from '../shared/data/dataset.ts';
import type { Kernels } from '../shared/math/kernels.ts';
import { estimateNoise, noiseScale } from '../shared/math/noise-scale.ts';
import { klWeightAt, learningRateAt } from '../shared/math/schedule.ts';
import type { Basis, Terms } from '../shared/model/compute.ts';
import type { ModelDescription } from '../shared/protocol/messages.ts';
import type { Config } from '../shared/runtime/config.ts';
import type { Workload } from '../shared/runtime/workload.ts';
import { endOf, endsEpoch, owesEvaluation, owesPictures, type Agenda, type End } from './agenda.ts';
import { estimateStatistics, evaluateSplit, perSample } from './evaluation.ts';
import type { EvaluationRecord, Journal, Snapshot, StepRecord } from './journal.ts';
import { paint } from './painting.ts';
import { findBasis, publishBasis } from './principal-components.ts';
import { beginInterval, beginProgress, follow, totalSteps, type Progress } from './progress.ts';
import { ask, Interrupted, type Program, type StepResult } from './requests.ts';
import { provideParameters, takeSnapshot, type FirstValues } from './state.ts';
import { observeLoss } from './stopping.ts';

export interface ProgramOptions {
  readonly config: Config;
  readonly workload: Workload;
  readonly image: ImageShape;
  readonly labels: Uint8Array | null; // of the training file's rows
  readonly journal: Journal;
  readonly createKernels: (bytes: number) => Kernels;
  readonly nowMs: () => number;
  /** Hands over what the run begins with; called once, and not kept. */
  readonly takeFirst: () => FirstValues;
}

export interface RunResult {
  readonly steps: number;
  readonly epochs: number;
  readonly loss: number; // of the last step, nats per sample
  readonly heldOutLoss: number | null;
  readonly samplesPerSecond: number; // all steps but the first; set-up and evaluation not counted
  readonly parameterCount: number;
  readonly stopped: End;
  readonly parameters: Float32Array; // [P]
}

export function* train(options: ProgramOptions): Program<RunResult> {
  const { config, workload, journal } = options;
  const { model, backend } = yield* ask({ kind: 'model' }, 'model');
  journal.modelKnown(model, backend);
  const { basis, progress, areGiven } = yield* begin(options, model);

  const stepCount = totalSteps(config, workload);
  const agenda: Agenda = { config, workload, stepCount };
  if (areGiven) {
    journal.checkpoint(yield* takeSnapshot(model, basis, progress, journal.takeSpare()), false); // the seed alone would not bring them back
  }
  let stopped: End | null = null;
  let saved: Snapshot | null = null; // the last one
  while (stopped === null) {
    let verdict = { early: false, best: false };
    try {
      if (progress.step < stepCount && !owesEvaluation(agenda, progress)) {
        yield* trainStep(options, progress, stepCount);
      }
      if (owesEvaluation(agenda, progress) && !journal.stopRequested()) {
        verdict = yield* evaluate(options, model, progress);
        if (verdict.early || owesPictures(agenda, progress)) {
          yield* paint({ ...options, basis, model }, progress.step);
        }
      }
      stopped = endOf(agenda, progress, verdict.early);
      const cutShort = stopped === null || owesEvaluation(agenda, progress);
      if (cutShort && journal.stopRequested()) stopped = 'asked';
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error; // what it interrupted is done again on resuming
      stopped = 'asked';
    }
    const due = progress.sitting > 0 && journal.checkpointDue(progress.step, endsEpoch(agenda, progress));
    if (stopped !== null || verdict.best || due) {
      saved = yield* takeSnapshot(model, basis, progress, journal.takeSpare());
      journal.checkpoint(saved, verdict.best);
    }
  }
  const { parameters } = saved!; // a run ends with a checkpoint
  return {
    steps: progress.step,
    epochs: (progress.step * config.batchSize) / workload.split.training.length,
    loss: progress.lastLoss,
    heldOutLoss: progress.heldOutLoss,
    samplesPerSecond: progress.timedSeconds > 0 ? progress.timedSamples / progress.timedSeconds : 0,
    parameterCount: parameters.length,
    stopped,
    parameters,
  };
}

/** Loads what the run begins with, and lets go of it. */
function* begin(options: ProgramOptions, model: ModelDescription) {
  const first = options.takeFirst();
  const basis = yield* provideBasis(options, first.snapshot);
  yield* provideParameters(options, model, first);
  const areGiven = first.snapshot === null && first.parameters !== null;
  return { basis, progress: beginProgress(first.snapshot), areGiven };
}

function* provideBasis(
  { config, workload, image, journal }: ProgramOptions,
  resume: Snapshot | null,
): Program<Basis | null> {
  if (config.components === null) return null;
  const settings = {
    image,
    componentCount: config.components,
    whiten: config.whiten,
    pcaRows: config.pcaRows,
  };
  const basis = resume?.basis ?? journal.cachedBasis() ?? (yield* findBasis(workload, settings));
  journal.basisKnown(basis);
  yield* publishBasis(basis);
  return basis;
}

/** One step: ask for it, and write down what it was. */
function* trainStep(options: ProgramOptions, progress: Progress, stepCount: number): Program<void> {
  const { config, workload, journal, nowMs } = options;
  const { step } = progress;
  const learningRate = learningRateAt({ ...config, horizonSteps: config.scheduleSteps ?? stepCount }, step);
  const klWeight = klWeightAt(config, step);
  const beganMs = nowMs();
  const { result } = yield* ask(
    {
      kind: 'step',
      step,
      leafCount: workload.stream.microBatchCount,
      batchSize: config.batchSize,
      settings: { klWeight },
      wire: config.wire,
      optimiser: { ...config, updates: progress.updates, learningRate },
      clipNorm: config.clipNorm,
      onNonfinite: config.onNonfinite,
    },
    'step',
  );
  const seconds = (nowMs() - beganMs) / 1000;
  const record = describeStep(options, result, { step, learningRate, klWeight, seconds });
  follow(progress, record, result.committed);
  journal.stepDone(record);
}

function describeStep(
  { config, workload }: ProgramOptions,
  result: StepResult,
  at: { step: number; learningRate: number; klWeight: number; seconds: number },
): StepRecord {
  const noise = estimateNoise({
    ...result,
    microBatchCount: workload.stream.microBatchCount,
    microBatchSize: workload.microBatchSize,
  });
  return {
    ...at,
    epoch: ((at.step + 1) * config.batchSize) / workload.split.training.length,
    terms: perSample(result.terms, config.batchSize),
    gradientNorm: result.gradientNorm,
    noise: noise === null ? null : { squaredGradient: noise.gradientSquares, trace: noise.noise },
    samples: config.batchSize,
    phases: result.phases,
    workers: result.workerCount,
    committed: result.committed,
  };
}

function* evaluate(
  options: ProgramOptions,
  model: ModelDescription,
  progress: Progress,
): Program<{ early: boolean; best: boolean }> {
  const { config, workload, journal } = options;
  const { since } = progress;
  const size = 2 * model.statistics.reduce((sum, layer) => sum + layer.size, 0);
  progress.statistics = yield* estimateStatistics(workload, size);
  const training = (yield* evaluateSplit(workload, 'training', config.klWeight)) as Terms;
  const heldOut = yield* evaluateSplit(workload, 'heldOut', config.klWeight);
  const test = yield* evaluateSplit(workload, 'test', config.klWeight);
  const judged = (heldOut ?? training)['loss']!;
  const best = Number.isFinite(judged) && (progress.bestLoss === null || judged < progress.bestLoss);
  if (best) progress.bestLoss = judged;
  progress.heldOutLoss = heldOut?.['loss'] ?? null;
  progress.evaluatedStep = progress.step;
  const watched = config.stopOn === 'training' ? since.terms['loss']! / since.samples : judged;
  const observed = observeLoss(progress.stopping, watched, {
    minDelta: config.stopMinDelta,
    patience: config.stopPatience,
  });
  progress.stopping = observed.state;
  const record: EvaluationRecord = {
    step: progress.step,
    epoch: (progress.step * config.batchSize) / workload.split.training.length,
    seconds: progress.seconds,
    trainingMean: perSample(since.terms, since.samples),
    training,
    heldOut,
    test,
    samplesPerSecond: since.samples / since.seconds,
    workers: progress.workers,
    noiseScale: noiseScale(since.noise),
    improved: best,
  };
  journal.evaluated(record);
  beginInterval(progress);
  return { early: config.stopOn !== 'none' && observed.stop, best };
}
