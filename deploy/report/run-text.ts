/** The report of one run without its pictures: as Markdown for people, as JSON for programs. */
import { formatEpochs } from '../../shared/text.ts';
import { markdownOf, type Block, type Section } from './document.ts';
import {
  bestEvaluation,
  commandOf,
  headline,
  lossTable,
  samplesPerSecond,
  unusualSettings,
} from './figures.ts';
import type { Run } from './read-run.ts';
import type { Figure } from './run-plots.ts';

/** @param loss the plot that stands beside it as a file; none before the first step @param plotPath its path */
export function runMarkdown(run: Run, loss: Figure | undefined, plotPath: string): string {
  const facts = headline(run).map(({ label, value, note }) => [label, value, note]);
  const settings = unusualSettings(run.config).map(({ flag, value }) => [flag, value]);
  const sections: Section[] = [
    {
      title: 'Figures',
      blocks: [
        { kind: 'table', title: 'The run', note: '', table: { head: ['', 'value', ''], rows: facts } },
        ...(loss === undefined ? [] : [{ kind: 'figure', figure: loss } as const]),
      ],
    },
    { title: 'Losses', blocks: lossBlocks(run) },
    {
      title: 'Settings',
      blocks: [
        {
          kind: 'table',
          title: 'What differs from the defaults',
          note: '',
          table: { head: ['flag', 'value'], rows: settings },
        },
        { kind: 'command', title: 'The same run again', note: '', command: commandOf(run.config) },
      ],
    },
  ];
  return markdownOf(`${run.name}: report`, sections, () => plotPath);
}

function lossBlocks(run: Run): Block[] {
  const [best, last] = [bestEvaluation(run), run.evaluations.at(-1)];
  if (last === undefined) return [];
  const shown = best === null || best.step === last.step ? [last] : [best, last];
  return shown.map((record): Block => {
    const { terms, rows } = lossTable(record);
    const name = record === best ? 'Best evaluation' : 'Last evaluation';
    return {
      kind: 'table',
      title: name,
      note: `Epoch ${formatEpochs(record.epoch)}, nats per sample.`,
      table: { head: ['', ...terms], rows: rows.map((row) => [row.name, ...row.values]) },
    };
  });
}

/** What is not finite is null. */
export function runJson(run: Run): string {
  const content = {
    name: run.name,
    steps: run.steps.length,
    samplesPerSecond: samplesPerSecond(run),
    best: bestEvaluation(run),
    last: run.evaluations.at(-1) ?? null,
    sharpness: run.sharpness,
    parametersSha256: run.checkpoint?.parametersSha256 ?? null,
    command: commandOf(run.config),
    config: run.config,
  };
  return `${JSON.stringify(content, null, 1)}\n`;
}
