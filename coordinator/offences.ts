/**
 * The one place where it is known what strangers and peers did that they should not have, by kind.
 *
 * Metrics count all of it. A person is told of the first of each kind at once, and then at most once in a while how
 * many more there were: whoever floods the door must not flood the screen.
 */
import type { HubEvents, StrangerKind } from '../shared/transport/transport.ts';
import { plural } from '../shared/text.ts';

export interface Offences {
  /** A message that broke the protocol. @param kind a bounded label */
  offence(peer: string, kind: string, message: string): void;
  /** Somebody who was kept out. @param from an address; may be empty */
  stranger(kind: StrangerKind, from: string): void;
  /** The same events, with strangers told here. */
  watching(events: HubEvents): HubEvents;
}

export interface OffenceOptions {
  readonly nowMs: () => number;
  /** Once for each. */
  readonly count: (kind: string) => void;
  /** One line for a person. */
  readonly say: (line: string) => void;
}

const pauseMs = 30_000; // between two lines of one kind

const meanings: Readonly<Record<StrangerKind, string>> = {
  unknownKey: 'its key is not one of those allowed',
  noKeys: 'it came without keys where they are needed, or with keys where they are not',
  wrongServerKey: 'its connection file is that of another coordinator',
  garbage: 'it does not speak our protocol',
  silent: 'it connected and said nothing',
  noHello: 'it spoke before it said hello',
  crowd: 'there are too many connections',
};

export function createOffences({ nowMs, count: tally, say }: OffenceOptions): Offences {
  const counts = new Map<string, number>();
  const told = new Map<string, { atMs: number; count: number }>(); // by kind

  function add(kind: string, line: string): void {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    tally(kind);
    const last = told.get(kind);
    if (last !== undefined && nowMs() - last.atMs < pauseMs) return;
    const missed = count - 1 - (last?.count ?? 0);
    told.set(kind, { atMs: nowMs(), count });
    say(missed === 0 ? line : `${line}; and ${plural(missed, 'other')} like it`);
  }

  const offences: Offences = {
    offence: (peer, kind, message) => add(kind, `${peer} dropped (${kind}): ${message}`),
    stranger: (kind, from) =>
      add(kind, `a stranger${from === '' ? '' : ` from ${from}`} kept out: ${meanings[kind]} (${kind})`),
    watching: (events) => ({ ...events, onStranger: offences.stranger }),
  };
  return offences;
}
