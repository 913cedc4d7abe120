/**
 * The report of a sweep: `report.html` in its folder, a page that needs nothing else; the same as `report.md` with
 * plots beside it in `plots/`; and its numbers as `report.json`.
 *
 * Every number comes from the histories of the trials that have finished, so it can be made at any time.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomicallySync } from '../../../shared/data/atomic-file.ts';
import { formatCount, plural } from '../../../shared/text.ts';
import { html, page } from '../page.ts';
import { drawPlot } from '../plots.ts';
import { onWhite } from '../on-white.ts';
import type { Figure } from '../run-plots.ts';
import { markdownOf, sectionsHtml, type Block, type Section } from '../document.ts';
import { jsonOf } from './json.ts';
import { picturesOf } from './pictures.ts';
import { axes, type StudyAxis } from './read-off.ts';
import { readSweep, type Sweep } from './read-sweep.ts';
import { rulesSketch } from './rules-sketch.ts';
import * as sketches from './sketches.ts';
import { notMeasured, sharpnessNote } from './sharpness.ts';
import { studyOf, type Study } from './study.ts';
import {
  armTable,
  effectTable,
  lossTable,
  noiseTable,
  otherTable,
  paceTable,
  sharpnessTable,
} from './tables.ts';

/**
 * Writes the report of a sweep's folder.
 * @returns the path of the page
 * @throws LockstepError (65) when the folder is no sweep or is damaged, the file system's error otherwise
 */
export async function writeSweepReport(folder: string): Promise<string> {
  const sweep = readSweep(folder);
  const study = studyOf(sweep);
  const sections = await sectionsOf(sweep, study);
  const figures = sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === 'figure' ? block.figure : [])),
  );
  mkdirSync(join(sweep.dir, 'plots'), { recursive: true });
  for (const { id, svg } of figures)
    writeFileAtomicallySync(join(sweep.dir, 'plots', `${id}.svg`), onWhite(svg));
  const title = `${sweep.name}: sweep`;
  const lead = leadOf(sweep, study);
  const opening = html`<h1>${sweep.name}</h1>
    <p class="lead">${lead}</p>`;
  const path = join(sweep.dir, 'report.html');
  writeFileAtomicallySync(path, page(title, [opening, ...sectionsHtml(sections)]));
  const markdown = markdownOf(title, sections, ({ id }) => `plots/${id}.svg`);
  writeFileAtomicallySync(join(sweep.dir, 'report.md'), markdown);
  writeFileAtomicallySync(join(sweep.dir, 'report.json'), jsonOf(sweep, study));
  return path;
}

function leadOf({ trials, file }: Sweep, { shown }: Study): string {
  const sizes = [...new Set(shown.map(({ arm }) => formatCount(arm.batchSize)))].join(', ');
  const unit =
    file.unit === null ? 'micro-batches vary' : `micro-batches of ${formatCount(file.unit)} for all`;
  return `${plural(trials.length, 'finished trial')}; batch sizes ${sizes || 'none yet'}; ${unit}`;
}

async function sectionsOf(sweep: Sweep, study: Study): Promise<Section[]> {
  const draw = async (all: readonly (sketches.Sketch | null)[]): Promise<Block[]> => {
    const blocks: Block[] = [];
    for (const sketch of all) {
      if (sketch === null) continue;
      const { spec, ...rest } = sketch;
      blocks.push({ kind: 'figure', figure: { ...rest, svg: await drawPlot(spec) } satisfies Figure });
    }
    return blocks;
  };
  const curves = (axis: StudyAxis): (sketches.Sketch | null)[] =>
    study.terms.flatMap((term) => {
      if (term === 'loss') return sketches.curveSketch(study, axis, term, 'wide');
      return ['nll', 'kl'].includes(term) ? sketches.curveSketch(study, axis, term, 'half') : [];
    });
  return [
    { title: 'What it shows', blocks: [conclusions(study), ...(await draw([sketches.effectSketch(study)]))] },
    {
      title: 'Throughput',
      blocks: [
        ...(await draw([
          sketches.throughputSketch(study),
          sketches.phaseSketch(study),
          sketches.efficiencySketch(study),
        ])),
        ...tables([['Pace', 'Training steps, but for the first of each run.', paceTable(study)]]),
      ],
    },
    ...(await Promise.all(
      axes.map(async (axis) => ({
        title: `Losses over ${axis}`,
        blocks: [...(await draw(curves(axis))), ...lossBlocks(study, axis)],
      })),
    )),
    {
      title: 'Rules of the learning rate',
      blocks: await draw([rulesSketch(study, 'epochs'), rulesSketch(study, 'updates')]),
    },
    {
      title: 'Gradient noise',
      blocks: [
        ...(await draw([sketches.noiseSketch(study)])),
        ...tables([['Noise scale', noiseNote, noiseTable(study)]]),
      ],
    },
    { title: 'Sharpness', blocks: sharpnessBlocks(sweep, study) },
    {
      title: 'Pictures',
      blocks: picturesOf(study.shown).map((picture): Block => ({ kind: 'picture', picture })),
    },
    { title: 'What was run', blocks: whatWasRun(sweep, study) },
  ];
}

const noiseNote =
  'In samples, S and |G|² averaged separately over steps and seeds. Worth: what a sample brings in this batch, of ' +
  'what it brings in a tiny one, 1 / (1 + B / noise scale), late in training. One micro-batch a step: not available.';

const workersNote =
  'How many workers there are changes no bit of a model, so of trials that differ in that alone one is shown here and ' +
  'in the losses: the one with most.';

/** Where nothing was measured, how it is. */
function sharpnessBlocks({ dir, trials }: Sweep, { sharpness, shown }: Study): Block[] {
  const [first] = trials;
  if (first === undefined) return [];
  if (!sharpness.isMeasured) {
    const command = `npx lockstep evaluate ${join(dir, first.plan.name)} --sharpness`;
    return [{ kind: 'command', title: 'Not available', note: `${notMeasured} For each trial:`, command }];
  }
  return markTable('Where training ended', sharpnessNote(trials), sharpnessTable({ shown }));
}

const conclusions = ({ conclusions: all, arms }: Study): Block => ({
  kind: 'words',
  title: 'Conclusions',
  paragraphs: all.map(({ family, text }) =>
    family === '' || arms.families.length < 2
      ? text
      : `With ${family}, ${text.charAt(0).toLowerCase()}${text.slice(1)}`,
  ),
});

function tables(all: readonly (readonly [string, string, Parameters<typeof markTable>[2]])[]): Block[] {
  return all.flatMap(([title, note, table]) => markTable(title, note, table));
}

const markTable = (title: string, note: string, table: ReturnType<typeof otherTable>): Block[] =>
  table === null || table.rows.length === 0 ? [] : [{ kind: 'table', title, note, table }];

function lossBlocks(study: Study, axis: StudyAxis): Block[] {
  const point = study.effects.points[axis];
  if (point === null) return [];
  const note =
    'Nats a sample, of frozen parameters on fixed rows with precise statistics; means over seeds. Between two ' +
    'evaluations the line that joins them; no number where a trial was not evaluated as early as that. As it ran: the ' +
    'mean of its training steps since the evaluation before, as training logs show it.';
  return markTable(`At equal ${axis}: ${sketches.sayPoint(axis, point)}`, note, lossTable(study, axis));
}

function whatWasRun(sweep: Sweep, study: Study): Block[] {
  const { command, budget } = sweep.file;
  const isScaled = new Set(sweep.trials.map(({ plan }) => plan.config.workers)).size > 1;
  const ofWorkers = isScaled ? ` ${workersNote}` : '';
  return [
    ...tables([
      ['Differences', 'As the conclusions are made from them.', effectTable(study)],
      ['Settings', `Length: ${budget}.${ofWorkers}`, armTable(study.shown)],
      ['Not in the comparison', 'Trials that failed, or have not finished.', otherTable(sweep)],
    ]),
    {
      kind: 'command',
      title: 'The same again',
      note: 'The sweep, then this page from its histories.',
      command: `${command}\nnpx lockstep report ${sweep.dir}`,
    },
  ];
}
