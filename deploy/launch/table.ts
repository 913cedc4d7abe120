/** What was found on the boxes, as one table and a line for each thing that is not as it must be. */
import { columns, type Finding } from './preflight.ts';

/** @param boxes their names, in the order of the lines, with their workers */
export function tableLines(
  boxes: readonly { readonly name: string; readonly workers: number | null }[],
  findings: readonly Finding[],
): string[] {
  const heads = ['box', 'workers', ...columns];
  const rows = boxes.map(({ name, workers }) => [
    name,
    workers === null ? '-' : String(workers),
    ...columns.map((column) =>
      cellOf(findings.filter((each) => each.box === name && each.column === column)),
    ),
  ]);
  const widths = heads.map((head, index) => Math.max(head.length, ...rows.map((row) => row[index]!.length)));
  return [heads, ...rows].map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd(),
  );
}

export const problemLines = (findings: readonly Finding[]): string[] => [
  ...new Set(
    findings.flatMap(({ box, column, problem }) =>
      problem === null ? [] : [`${box}: ${column}: ${problem.message.replaceAll(/\s*\n\s*/g, ' ')}`],
    ),
  ),
];

/** Of several devices that agree, one word. */
function cellOf(findings: readonly Finding[]): string {
  if (findings.some(({ problem }) => problem !== null)) return 'FAILED';
  return [...new Set(findings.map(({ cell }) => cell))].join(' ') || '-';
}
