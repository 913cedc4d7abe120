/** What happens to the cluster while a run lives, as one line each. Pure text; screen.ts writes it. */
import { plural } from '../../shared/text.ts';
import type { Notice } from '../effects.ts';

export interface NoticeLine {
  readonly text: string;
  readonly isWarning: boolean; // said even under --quiet
}

/** @returns null for what only metrics count */
export function describeNotice(notice: Notice): NoticeLine | null {
  switch (notice.kind) {
    case 'joined':
      return { text: `${who(notice)} joined: ${notice.reason}`, isWarning: false };
    case 'lost':
    case 'refused':
      return { text: `${who(notice)} ${notice.kind}: ${notice.reason}`, isWarning: true };
    case 'reassigned': {
      const work = plural(notice.microBatches, 'micro-batch', 'es');
      return { text: `${work} of rank ${notice.rank} given to other workers`, isWarning: true };
    }
    case 'nonFinite':
      return { text: describeNonFinite(notice), isWarning: true };
    case 'mixed':
      return { text: `mixed cluster: ${notice.reason}`, isWarning: true };
    case 'fewReducers':
      return { text: describeFewReducers(notice), isWarning: true };
    case 'stale':
    case 'duplicate':
      return null;
    default:
      return notice satisfies never;
  }
}

const who = ({ rank, peer }: { rank: number | null; peer: string }): string =>
  rank === null ? `worker ${peer}` : `rank ${rank}`;

function describeNonFinite({ rank, leaves, again }: Extract<Notice, { kind: 'nonFinite' }>): string {
  const shown = leaves.slice(0, namedLeaves).join(', ');
  const more = leaves.length > namedLeaves ? ` and ${plural(leaves.length - namedLeaves, 'other')}` : '';
  const noun = leaves.length === 1 ? 'micro-batch' : 'micro-batches';
  const next = again ? 'a second time' : 'they are computed once more, by other workers where there are any';
  return `rank ${rank}: not finite in ${noun} ${shown}${more}; ${next}`;
}

function describeFewReducers({ expected, here, reason }: Extract<Notice, { kind: 'fewReducers' }>): string {
  const rest = here === 0 ? 'the coordinator reduces by itself' : `the run goes on with ${here}`;
  return `${expected - here} of ${plural(expected, 'reducer')} cannot be had (${reason}): ${rest}`;
}

const namedLeaves = 8;
