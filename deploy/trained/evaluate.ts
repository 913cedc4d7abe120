/** `lockstep evaluate`: what a checkpoint is worth on rows that it was not trained on, or on any others. */
import { readBatch, rowLength, type Batch } from '../../shared/data/dataset.ts';
import type { Compute, Terms } from '../../shared/model/compute.ts';
import { createEvaluator, type Evaluation } from '../../shared/model/evaluation.ts';
import type { RuntimeName } from '../../shared/model/runtime.ts';
import type { Split } from '../../shared/protocol/messages.ts';
import { formatCount, formatNumber } from '../../shared/text.ts';
import { startBar } from '../data/progress.ts';
import { allComponents } from './all-components.ts';
import { openTrained, type Trained } from './open.ts';
import { chooseRows } from './rows.ts';

export interface EvaluateRequest {
  readonly path: string;
  readonly files: readonly string[];
  readonly split: Split | null;
  readonly rows: number | null;
  readonly importanceSamples: number;
  readonly bitsPerDimension: boolean | null; // null: where it takes seconds
  readonly runtime: RuntimeName;
  readonly cacheDir: string;
  readonly say: (line: string) => void;
}

interface Judged {
  readonly checkpoint: string;
  readonly step: number;
  readonly data: string; // for people
  readonly runtime: string;
}

export type EvaluationReport = Judged & (Evaluation | TermEvaluation);

/** Of a model that has no latents: its loss and its other terms, means over rows. */
interface TermEvaluation {
  readonly rowCount: number;
  readonly terms: Terms;
}

const quickRowLength = 1024; // D up to which all components are solved for without being asked

/** @throws LockstepError */
export async function evaluate(request: EvaluateRequest): Promise<EvaluationReport> {
  const { path, runtime, rows, cacheDir, say, importanceSamples } = request;
  const trained = await openTrained({ path, runtime, cacheDir, say, evaluationRows: rows, needsData: true });
  const data = trained.data!; // needed above
  const { file, step, compute, config } = trained;
  const chosen = await chooseRows(trained, data, {
    files: request.files,
    split: request.split,
    limit: rows,
    cacheDir,
  });
  const evaluator =
    compute.loaded.model.generative === undefined
      ? createTermEvaluator(compute, config.seed)
      : createEvaluator(compute.loaded, {
          seed: config.seed,
          importanceSamples,
          bits: await bitsOptions(trained, request),
        });
  const bar = startBar('evaluating', chosen.batches.length, 'batches');
  try {
    for (const [index, batch] of chosen.batches.entries()) {
      await evaluator.add(readBatch(chosen.dataset, batch), index);
      bar.update(index + 1);
    }
    const backend = compute.fingerprint.backend;
    return { checkpoint: file, step, data: chosen.name, runtime: backend, ...evaluator.result() };
  } finally {
    bar.stop();
    evaluator.dispose();
    chosen.close();
    trained.close();
  }
}

/** The same draws as in a run's own evaluations, of which this is one. */
function createTermEvaluator({ evaluate, termNames }: Compute, seed: number) {
  const sums = new Map(termNames.map((name) => [name, 0]));
  let rowCount = 0;
  return {
    async add(batch: Batch, microBatch: number): Promise<void> {
      const draw = { seed, purpose: 'evaluation', step: 0, microBatch } as const;
      const terms = await evaluate(batch, draw, { klWeight: 1 });
      for (const [name, sum] of sums) sums.set(name, sum + (terms[name] ?? NaN));
      rowCount += batch.rowCount;
    },
    result: (): TermEvaluation => ({
      rowCount,
      terms: Object.fromEntries([...sums].map(([name, sum]) => [name, sum / rowCount])),
    }),
    dispose() {},
  };
}

async function bitsOptions(trained: Trained, { bitsPerDimension, cacheDir, say }: EvaluateRequest) {
  const { config, image, data } = trained;
  const isQuick = config.components === null || rowLength(image) <= quickRowLength;
  if (!(bitsPerDimension ?? isQuick)) return null;
  if (config.components === null) return { allComponents: null };
  return { allComponents: await allComponents(trained, data!, cacheDir, say) };
}

/** The report as a table. */
export function evaluationLines(report: EvaluationReport): string[] {
  const rows: [string, string][] = [
    ['checkpoint', `${report.checkpoint}, step ${formatCount(report.step)}`],
    ['data', report.data],
    ...('terms' in report
      ? Object.entries(report.terms).map(([name, mean]): [string, string] => [name, formatNumber(mean)])
      : boundRows(report)),
  ];
  return rows.map(([label, text]) => `${label.padEnd(20)}${text}`);
}

function boundRows(report: Evaluation): [string, string][] {
  const nats = (value: number): string => `${value.toFixed(3)} nats`;
  const { importanceBound, importanceSamples, bitsPerDimension, activeUnits, latentCount } = report;
  return [
    ['loss (-ELBO)', nats(-report.elbo)],
    ['reconstruction', nats(report.nll)],
    ['KL', nats(report.kl)],
    [
      'log p(x) at least',
      importanceBound === null
        ? 'not computed'
        : `${nats(importanceBound)}, ${importanceSamples} samples a row`,
    ],
    ['active units', `${activeUnits} of ${latentCount}`],
    ['bits per dimension', bitsText(bitsPerDimension)],
  ];
}

function bitsText(bits: Evaluation['bitsPerDimension']): string {
  if (bits === null) return 'not computed: add --bits-per-dimension (a minute, once for these data)';
  return bits === 'undefined'
    ? 'undefined: a Bernoulli likelihood is no density'
    : `${bits.toFixed(4)}, of dequantised pixels`;
}
