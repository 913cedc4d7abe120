/** Whether all devices compute the same bits: those of one kind must, and of several kinds it is told. */
import { configurationError, unavailableError } from '../../shared/errors.ts';
import type { Answer } from './checks/schema.ts';
import type { Finding } from './preflight.ts';

export type Gradient = Answer<'gradient'> & { readonly box: string };

/** @param requireIdentical whether devices of several kinds are refused. Boxes are named in the order of `gradients` */
export function judgeGradients(
  gradients: readonly Gradient[],
  requireIdentical: boolean,
): { findings: Finding[]; notices: string[] } {
  const kinds = new Map<string, Gradient[]>();
  for (const gradient of gradients) {
    const kind = kindOf(gradient);
    kinds.set(kind, [...(kinds.get(kind) ?? []), gradient]);
  }
  const findings = [...kinds].flatMap(([kind, list]) => disagreements(kind, list));
  if (kinds.size < 2) return { findings, notices: [] };
  const named = [...kinds].map(([kind, list]) => `${boxesOf(list)}: ${kind}`).join('; ');
  if (!requireIdentical) return { findings, notices: [`unlike devices, so bits may differ: ${named}`] };
  const problem = configurationError(
    `unlike devices, which --require-identical refuses (${named}): leave out some, or the flag`,
  );
  return {
    findings: [...findings, { box: gradients[0]!.box, column: 'gradient', cell: 'FAILED', problem }],
    notices: [],
  };
}

/** Those of one kind that differ from most of them. */
function disagreements(kind: string, list: readonly Gradient[]): Finding[] {
  const counts = new Map<string, number>();
  for (const { digest } of list) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  const [usual] = [...counts].toSorted(([, a], [, b]) => b - a)[0]!;
  return list
    .filter(({ digest }) => digest !== usual)
    .map(({ box, digest }) => ({
      box,
      column: 'gradient',
      cell: 'FAILED',
      problem: unavailableError(
        `its gradient differs (${digest.slice(0, 8)}, expected ${usual.slice(0, 8)}) from that of other devices ` +
          `of its kind (${kind}): one of them is broken: leave this box out, and see lockstep doctor on it`,
      ),
    }));
}

const kindOf = ({ fingerprint: { backend, version, device, threads, precision } }: Gradient): string =>
  `${backend} ${version} on ${device}, ${threads === 1 ? '1 thread' : `${threads} threads`}, ${precision}`;

const boxesOf = (list: readonly Gradient[]): string => [...new Set(list.map(({ box }) => box))].join(', ');
