/** A benchmark's table as text: columns that line up, bars and whether they are reached. Pure. */
import { formatNumber, formatShare } from '../../shared/text.ts';
import type { BenchTable, Breakdown, Figure, Unit } from './benchmark.ts';
import { describeMachine, type MachineFacts } from './machine.ts';
import { reaches } from './rounds.ts';

/** All that `--json` prints. */
export interface BenchResult extends BenchTable {
  readonly machine: MachineFacts;
  readonly rounds: number;
}

export function formatResult(result: BenchResult): string {
  const { name, machine, rounds, settings, figures, breakdowns, notes } = result;
  const said = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
  const head = [`bench ${name}, ${rounds} rounds: minimum, median, maximum`, describeMachine(machine)];
  if (said.length > 0) head.push(said.join(', '));
  const blocks = [
    head.join('\n'),
    formatColumns(['', 'min', 'median', 'max', '', 'bar'], figures.map(rowOf)),
    ...breakdowns.map(formatBreakdown),
    ...(notes.length > 0 ? [notes.join('\n')] : []),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function rowOf(figure: Figure): string[] {
  const { name, unit, spread, bar } = figure;
  const values = [spread.minimum, spread.median, spread.maximum].map((value) => formatValue(value, unit));
  const shown = unit === 'ratio' || unit === 'share' || unit === 'count' ? '' : unit;
  if (bar === null) return [name, ...values, shown, ''];
  const wanted = `${bar.kind === 'atLeast' ? '>=' : '<='} ${formatValue(bar.value, unit)}`;
  return [name, ...values, shown, `${wanted} ${reaches(figure) === true ? 'reached' : 'missed'}`];
}

function formatValue(value: number, unit: Unit): string {
  if (unit === 'share') return formatShare(value, 1);
  return unit === 'ratio' ? value.toFixed(2) : formatNumber(value);
}

const formatBreakdown = ({ title, columns, rows }: Breakdown): string =>
  `${title}\n${formatColumns(
    columns,
    rows.map((row) => row.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : cell))),
  )}`;

/** The first column to the left, the others to the right, but for a bar's. */
function formatColumns(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => (row[index] ?? '').length)));
  const toLeft = (index: number): boolean => index === 0 || columns[index] === 'bar' || columns[index] === '';
  return all
    .map((row) =>
      row
        .map((cell, index) => (toLeft(index) ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
