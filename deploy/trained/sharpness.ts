/**
 * `lockstep evaluate RUN --sharpness`: how sharp the loss is where a run ended.
 *
 * This one process computes it from a checkpoint, like the rest of `evaluate`, and not the run's workers: some forty
 * gradients of 1,000 rows are little work, each at parameters of its own, which would have to be sent to every worker
 * first; no task is added to the protocol; and nothing depends on a cluster.
 *
 * Rows and draws follow from `--split-seed` and from no setting of a trial, so that trials of a sweep are measured
 * on the same rows, in the same batches, with the same latent noise and dropout masks, whatever their micro-batches.
 */
import { join } from 'node:path';
import { readPointer, resolveCheckpoint } from '../../coordinator/run/checkpoint-folder.ts';
import { isRunFolder } from '../../coordinator/run/run-folder.ts';
import { readBatch, type Batch } from '../../shared/data/dataset.ts';
import { pcaRows } from '../../shared/math/stream.ts';
import { createLossSurface } from '../../shared/model/loss-surface.ts';
import type { RuntimeName } from '../../shared/model/runtime.ts';
import { measureSharpness, productLimit, sharpnessRows } from '../../shared/model/sharpness.ts';
import { formatCount, formatNumber, formatShare } from '../../shared/text.ts';
import { startBar } from '../data/progress.ts';
import { openTrained, type Trained } from './open.ts';
import { writeSharpness, type SharpnessRecord } from './sharpness-file.ts';

export interface SharpnessRequest {
  readonly path: string; // a checkpoint; or a run's folder: its latest one, whose sharpness is written there
  readonly rows: number | null; // of training data, at most
  readonly runtime: RuntimeName;
  readonly cacheDir: string;
  readonly say: (line: string) => void;
}

export interface SharpnessReport extends SharpnessRecord {
  readonly checkpoint: string;
}

const batchRows = 100;

/** @throws LockstepError: 65 for checkpoint or data, 69 for the runtime */
export async function evaluateSharpness(request: SharpnessRequest): Promise<SharpnessReport> {
  const { path, rows, runtime, cacheDir, say } = request;
  const runDir = isRunFolder(path) ? path : null;
  const latest = runDir === null ? null : readPointer(join(runDir, 'checkpoints'), 'latest');
  const file = latest ?? resolveCheckpoint(path);
  const trained = await openTrained({
    path: file,
    runtime,
    cacheDir,
    say,
    evaluationRows: null,
    needsData: true,
  });
  const bar = startBar('sharpness', productLimit, 'products, at most');
  try {
    const { compute, config, parameters, step, parametersSha256 } = trained;
    const batches = batchesOf(trained, rows ?? sharpnessRows);
    const surface = createLossSurface(compute.loaded, batches, config.splitSeed);
    const found = await measureSharpness(surface, parameters, config.splitSeed, bar.update);
    const record: SharpnessRecord = {
      step,
      parametersSha256,
      runtime: compute.fingerprint.backend,
      rowCount: batches.reduce((sum, { rowCount }) => sum + rowCount, 0),
      ...found,
      loss: finite(found.loss),
      gradientNorm: finite(found.gradientNorm),
      rise: finite(found.rise),
      eigenvalue: finite(found.eigenvalue),
      residual: finite(found.residual),
    };
    if (runDir !== null) say(`written to ${writeSharpness(runDir, record)}`);
    return { checkpoint: file, ...record };
  } finally {
    bar.stop();
    trained.close();
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function batchesOf({ data, config }: Trained, limit: number): Batch[] {
  const { workload, training } = data!; // needed above
  const rows = pcaRows(workload.split.training, limit, config.splitSeed);
  return Array.from({ length: Math.ceil(rows.length / batchRows) }, (_, batch) =>
    readBatch(training, rows.subarray(batch * batchRows, (batch + 1) * batchRows)),
  );
}

/** The report as a table. */
export function sharpnessLines(report: SharpnessReport): string[] {
  const say = (value: number | null): string => (value === null ? 'not finite' : formatNumber(value));
  const { checkpoint, step, rowCount, rho, loss, rise, gradientNorm } = report;
  const rows: [string, string][] = [
    ['checkpoint', `${checkpoint}, step ${formatCount(step)}`],
    ['data', `${formatCount(rowCount)} training rows, dropout and latent noise fixed, batch norm frozen`],
    ['loss', `${say(loss)} nats`],
    ['gradient', `${say(gradientNorm)}, its length`],
    ["SAM's rise", `${say(rise)} nats, ${rho} up the gradient`],
    ['largest eigenvalue', eigenvalueText(report)],
  ];
  return rows.map(([label, text]) => `${label.padEnd(20)}${text}`);
}

function eigenvalueText({ eigenvalue, residual, productCount, isSettled }: SharpnessRecord): string {
  if (eigenvalue === null || residual === null) return 'not finite';
  const share = formatShare(residual / Math.abs(eigenvalue), 1);
  const sure = isSettled ? '' : ': not settled';
  return `${formatNumber(eigenvalue)} of the Hessian; residual ${share} after ${productCount} products${sure}`;
}
