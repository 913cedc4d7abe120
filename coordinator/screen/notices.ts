/** What happens to the cluster while a run lives, as one line each. Pure text; screen.ts writes it. */
import { formatDuration, plural } from '../../shared/text.ts';
import type { Missing, Notice } from '../effects.ts';

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
    case 'duplicated': {
      const work = plural(notice.microBatches, 'micro-batch', 'es');
      return {
        text: `rank ${notice.rank} is late: ${work} of it computed by idle workers, too`,
        isWarning: false,
      };
    }
    case 'stalled':
      return {
        text: `waiting for ${notice.what}: ${describeMissing(notice.by, 'nothing for')}`,
        isWarning: true,
      };
    case 'tooFew':
      return { text: describeTooFew(notice), isWarning: true };
    case 'shares':
      return { text: describeShares(notice), isWarning: false };
    case 'nonFinite':
      return { text: describeNonFinite(notice), isWarning: true };
    case 'disagreed':
      return { text: notice.reason, isWarning: true };
    case 'mixed':
      return { text: `mixed cluster: ${notice.reason}`, isWarning: true };
    case 'fewReducers':
      return { text: describeFewReducers(notice), isWarning: true };
    case 'data':
      return { text: describeData(notice), isWarning: false };
    case 'rows':
    case 'stale':
    case 'duplicate':
      return null;
    default:
      return notice satisfies never;
  }
}

const who = ({ rank, peer }: { rank: number | null; peer: string }): string =>
  rank === null ? `worker ${peer}` : `rank ${rank}`;

/** `rank 1 on box2 (AMD EPYC), sending values, silent for 0:05; ...`. */
const describeMissing = (missing: readonly Missing[], since: string): string =>
  missing
    .slice(0, namedWorkers)
    .map(({ rank, host, device, reason, ageMs }) => {
      return `rank ${rank} on ${host} (${device}), ${reason}, ${since} ${formatDuration(ageMs / 1000)}`;
    })
    .join('; ') + (missing.length > namedWorkers ? `; and ${missing.length - namedWorkers} more` : '');

function describeTooFew({ ready, wanted, waitedMs, missing }: Extract<Notice, { kind: 'tooFew' }>): string {
  const here = `${ready} of ${plural(wanted, 'worker')} here for ${formatDuration(waitedMs / 1000)}`;
  const who =
    missing.length === 0 ? 'nobody else has come yet' : `missing: ${describeMissing(missing, 'for')}`;
  return `the run waits: ${here}; ${who}`;
}

/** `rank 2 (box) cannot see the data (...): its rows are sent to it, about 1 % of its traffic`. */
function describeData({ rank, host, place, reason, share }: Extract<Notice, { kind: 'data' }>): string {
  const who = `rank ${rank} (${host}) ${reason}`;
  if (place === 'copied') return who;
  const percent = Math.max(1, Math.round(100 * share));
  return `${who}: its rows are streamed, about ${percent} % of its traffic`;
}

function describeShares({ shares }: Extract<Notice, { kind: 'shares' }>): string {
  const parts = shares.map(({ rank, microBatches }) => `${microBatches} to rank ${rank}`);
  return `micro-batches are dealt by measured speed: ${parts.join(', ')}`;
}

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
const namedWorkers = 8;
