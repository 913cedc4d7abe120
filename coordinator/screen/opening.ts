/**
 * What a run says of itself before its first step: the runtime, the data, how the batch is cut and dealt, the
 * model. Pure text; screen.ts writes it.
 */
import type { ImageShape } from '../../shared/data/dataset.ts';
import { deal, idleAndCeiling } from '../../shared/math/deal.ts';
import { createLayout } from '../../shared/math/layout.ts';
import { explainedVariance, type Basis } from '../../shared/math/pca.ts';
import type { ModelDescription } from '../../shared/protocol/messages.ts';
import { formatCount, formatShare, plural } from '../../shared/text.ts';

export interface StartedFacts {
  readonly runtime: string; // as asked for: auto, tensorflow, ...
  readonly data: {
    readonly name: string;
    readonly rowCount: number;
    readonly shape: ImageShape;
    readonly classCount: number; // 0 without labels
  };
  readonly split: { readonly training: number; readonly heldOut: number; readonly test: number }; // rows
  readonly batchSize: number;
  readonly microBatchSize: number;
  readonly workerCount: number; // expected
  readonly runDir: string;
  readonly endpoint: string; // to which workers connect
  readonly pageUrl: string | null; // of the live page
  readonly resumedStep: number | null; // steps made when the run goes on from a checkpoint
  readonly notices: readonly string[]; // of the preset
}

const labelWidth = 10;

/** A label and what it says, such as `batch     250 = 2 micro-batches of 125; 2 workers get 1 each`. */
export type Fact = readonly [label: string, text: string];

export const factLine = ([label, text]: Fact): string => `${label.padEnd(labelWidth)}${text}`;

export function describeStart(facts: StartedFacts): Fact[] {
  const { runtime, data, runDir, endpoint, pageUrl, resumedStep } = facts;
  const { height, width, channels } = data.shape;
  const labels = data.classCount > 0 ? `labels of ${data.classCount} classes` : 'no labels';
  const shape = `${height} x ${width} x ${channels}`;
  return [
    ['runtime', runtime === 'auto' ? 'auto: tensorflow, or wasm where that is missing' : runtime],
    ['data', `${data.name}: ${plural(data.rowCount, 'image')} of ${shape}, ${labels}`],
    ['split', describeSplit(facts.split)],
    ['batch', describeBatch(facts)],
    ...(resumedStep === null ? [] : [['resumed', `after step ${formatCount(resumedStep)}`] as const]),
    ['run', runDir],
    ['workers', `connect to ${endpoint}`],
    ...(pageUrl === null ? [] : [['watch', pageUrl] as const]),
  ];
}

function describeSplit({ training, heldOut, test }: StartedFacts['split']): string {
  const used = [`${plural(training, 'row')} for training`, `${formatCount(heldOut)} held out`];
  return [...used, ...(test > 0 ? [`${formatCount(test)} for testing`] : [])].join(', ');
}

/** How the batch is cut and dealt, who would have nothing to do, and how much of the workers can be used. */
export function describeBatch(
  facts: Pick<StartedFacts, 'batchSize' | 'microBatchSize' | 'workerCount'>,
): string {
  const { batchSize, microBatchSize, workerCount } = facts;
  const microBatches = batchSize / microBatchSize;
  const parts = plural(microBatches, 'micro-batch', 'es');
  const cut = `${formatCount(batchSize)} = ${parts} of ${formatCount(microBatchSize)}`;
  const shares = deal(microBatches, workerCount).map((nodes) =>
    nodes.reduce((sum, { first, end }) => sum + end - first, 0),
  );
  const busy = shares.filter((share) => share > 0);
  const [least, most] = [Math.min(...busy), Math.max(...busy)];
  const each = busy.length === 1 ? '' : ' each';
  const load = least === most ? `${formatCount(most)}${each}` : `${least} to ${most}${each}`;
  const gets = `${plural(busy.length, 'worker')} get${busy.length === 1 ? 's' : ''} ${load}`;
  const { idleWorkers, efficiencyCeiling } = idleAndCeiling(microBatches, workerCount);
  const ceiling = `at most ${formatShare(efficiencyCeiling)} of the workers' speed is used`;
  if (idleWorkers > 0) {
    const idle = shares.flatMap((share, rank) => (share === 0 ? [rank] : []));
    return `${cut}; ${gets}; ${describeRanks(idle)} ${idle.length === 1 ? 'stays' : 'stay'} idle: ${ceiling}`;
  }
  return efficiencyCeiling < 1 ? `${cut}; ${gets}: ${ceiling}` : `${cut}; ${gets}`;
}

/** `rank 3`, `ranks 2 and 5`, `ranks 2-7, 9`. */
export function describeRanks(ranks: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const rank of ranks) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === rank - 1) run[1] = rank;
    else runs.push([rank, rank]);
  }
  const text = runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
  return `${ranks.length === 1 ? 'rank' : 'ranks'} ${text}`;
}

/** `vae: 1,234,567 parameters`, with the frozen ones where there are some. */
export function describeModel(model: ModelDescription, backend: string): Fact {
  const { parameterCount, frozenCount } = createLayout(model.parameters);
  const frozen = frozenCount > 0 ? ` trained, ${formatCount(frozenCount)} frozen` : '';
  return ['model', `${model.name}: ${formatCount(parameterCount)} parameters${frozen}, on ${backend}`];
}

/** `100 components explain 97.3 % of the variance`. */
export function describeBasis(basis: Basis): Fact {
  const share = explainedVariance(basis).reduce((sum, part) => sum + part, 0);
  const whitened = basis.whiten ? ', whitened' : '';
  const components = plural(basis.componentCount, 'component');
  const verb = basis.componentCount === 1 ? 'explains' : 'explain';
  return ['basis', `${components} ${verb} ${formatShare(share, 1)} of the variance${whitened}`];
}
