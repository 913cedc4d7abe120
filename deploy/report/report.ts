/**
 * The report of one run: `report.html` in its folder, a page that needs nothing else; the loss as a picture of its
 * own, `pictures/loss.svg`; and the numbers as `report.md` and `report.json`.
 *
 * Every number comes from the run's history and its latest checkpoint, so a report can be made at any time, of a
 * run that lives too.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomicallySync } from '../../shared/data/atomic-file.ts';
import { formatEpochs } from '../../shared/text.ts';
import {
  bestEvaluation,
  commandOf,
  headline,
  lossTable,
  unusualSettings,
  type LossTable,
} from './figures.ts';
import { onWhite } from './on-white.ts';
import { html, inlineSvg, page, type Html } from './page.ts';
import { picturesOf, type EmbeddedPicture } from './pictures.ts';
import { readRun, type Run } from './read-run.ts';
import { drawRunPlots, type Figure } from './run-plots.ts';
import { runJson, runMarkdown } from './run-text.ts';

const reportFile = 'report.html';
const sampleColumns = 10; // of the grids of samples

/**
 * Writes the report of a run folder.
 * @returns the path of the page
 * @throws LockstepError (65) when the folder is no run or is damaged, the file system's error otherwise
 */
export async function writeReport(runDir: string): Promise<string> {
  const run = readRun(runDir);
  const figures = await drawRunPlots(run);
  const loss = figures.find(({ id }) => id === 'loss');
  if (loss !== undefined) {
    mkdirSync(join(run.dir, 'pictures'), { recursive: true });
    writeFileAtomicallySync(join(run.dir, 'pictures', 'loss.svg'), onWhite(loss.svg));
  }
  const path = join(run.dir, reportFile);
  writeFileAtomicallySync(path, reportPage(run, figures));
  writeFileAtomicallySync(join(run.dir, 'report.md'), runMarkdown(run, loss, 'pictures/loss.svg'));
  writeFileAtomicallySync(join(run.dir, 'report.json'), runJson(run));
  return path;
}

function reportPage(run: Run, figures: readonly Figure[]): string {
  const pictures = picturesOf(run.pictures, sampleColumns);
  return page(`${run.name}: report`, [
    opening(run),
    section('Curves', figures.map(figureCard), 'Nothing to draw yet: the run has made no step.'),
    section('Pictures', pictures.map(pictureCard), 'No pictures yet: they come with the first evaluation.'),
    losses(run),
    settings(run),
  ]);
}

function opening(run: Run): Html {
  const { backend, dataHash } = run.checkpoint ?? { backend: '', dataHash: '' };
  const on = backend === '' ? '' : ` on ${backend}`;
  const data = run.config.data.map((name) => name.split('/').at(-1)).join(', ');
  const tiles = headline(run).map(
    ({ label, value, note }) =>
      html`<div class="tile">
        <span class="label">${label}</span><span class="value">${value}</span
        ><span class="note">${note}</span>
      </div>`,
  );
  return html`<h1>${run.name}</h1>
    <p class="lead">
      Model ${run.config.model}${on}; data: ${data}${dataHash === '' ? '' : ` (${dataHash.slice(0, 12)})`}
    </p>
    <div class="tiles">${tiles}</div>`;
}

/** Cards in two columns, or a sentence where there are none. */
function section(title: string, cards: readonly Html[], otherwise: string): Html {
  const content =
    cards.length === 0 ? html`<p class="note">${otherwise}</p>` : html`<div class="grid">${cards}</div>`;
  return html`<section>
    <h2>${title}</h2>
    ${content}
  </section>`;
}

function figureCard({ title, caption, isWide, svg }: Figure): Html {
  return html`<div class="card ${isWide ? 'wide' : ''}">
    <h3>${title}</h3>
    <p class="note">${caption}</p>
    ${inlineSvg(svg, title)}
  </div>`;
}

function pictureCard({ title, caption, source, width, height, isWide }: EmbeddedPicture): Html {
  return html`<div class="card picture ${isWide ? 'wide' : ''}">
    <h3>${title}</h3>
    <p class="note">${caption}</p>
    <img src="${source}" alt="${title}" width="${width}" height="${height}" />
  </div>`;
}

function losses(run: Run): Html {
  const [best, last] = [bestEvaluation(run), run.evaluations.at(-1)];
  if (last === undefined) return html``;
  const shown = best === null || best.step === last.step ? [last] : [best, last];
  const cards = shown.map((record) => {
    const name = record === best ? 'Best evaluation' : 'Last evaluation';
    const both = record === best && record === last ? 'Last evaluation, the best' : name;
    return html`<div class="card wide">
      <h3>${both}</h3>
      <p class="note">epoch ${formatEpochs(record.epoch)}, nats per sample</p>
      ${tableOf(lossTable(record))}
    </div>`;
  });
  return section('Losses', cards, '');
}

function tableOf({ terms, rows }: LossTable): Html {
  const head = terms.map((term) => html`<th class="number">${term}</th>`);
  const body = rows.map(
    ({ name, values }) =>
      html`<tr>
        <th>${name}</th>
        ${values.map((value) => html`<td class="number">${value}</td>`)}
      </tr>`,
  );
  return html`<table>
    <thead>
      <tr>
        <th></th>
        ${head}
      </tr>
    </thead>
    <tbody>
      ${body}
    </tbody>
  </table>`;
}

function settings({ config, checkpoint, dir }: Run): Html {
  const rows = unusualSettings(config).map(
    ({ flag, value }) =>
      html`<div>
        <dt>${flag.slice(2)}</dt>
        <dd>${value}</dd>
      </div>`,
  );
  const digest =
    checkpoint === null
      ? html``
      : html`<p class="note">
          Parameters after step ${checkpoint.progress.step}: SHA-256
          <code>${checkpoint.parametersSha256}</code>
        </p>`;
  return html`<section>
    <h2>Settings</h2>
    <div class="grid">
      <div class="card wide">
        <h3>What differs from the defaults</h3>
        <dl class="settings">${rows}</dl>
      </div>
      <div class="card wide">
        <h3>The same run again</h3>
        <pre>${commandOf(config)}</pre>
        <p class="note">or, with every setting as it was: npx lockstep train --config ${dir}/config.yaml</p>
        ${digest}
      </div>
    </div>
  </section>`;
}
