/** A reducer in this process: the machine itself, told directly. */
import { chunkLength } from '../../shared/math/layout.ts';
import type { ExpectedValues } from '../../shared/protocol/frame.ts';
import type { DataFrame } from '../../shared/protocol/messages.ts';
import type { PeerId } from '../../shared/transport/transport.ts';
import type { Effect } from '../effects.ts';
import { createReducer, type ReducerOptions } from '../reducer.ts';
import type { StatePart } from '../requests.ts';
import type { News, ReducerHandle } from './handle.ts';
import { stateArrays } from './state-parts.ts';

type SumFrame = Extract<DataFrame, { type: 'sum' }>;

/** Workers' frames come here, since the process is theirs to reach. */
export interface InnerReducer extends ReducerHandle {
  /** Where its state lies: views over live memory. */
  readonly state: StatePart;
  /** @throws ProtocolError (`unasked`, `duplicate`) */
  expect(frame: Omit<SumFrame, 'values'>): ExpectedValues;
  take(frame: SumFrame): Effect[];
  received(worker: PeerId): Effect[];
}

/** @param tell is called before the call that caused the news returns */
export function createInnerReducer(options: ReducerOptions, tell: (news: News) => void): InnerReducer {
  const reducer = createReducer(options);
  const offset = options.chunks.first * chunkLength;
  const stateOf = (): StatePart => ({ offset, ...reducer.state });

  function done(): Effect[] {
    tell({ type: 'done' });
    return [];
  }

  return {
    chunks: reducer.chunks,
    get state() {
      return stateOf();
    },
    load(fill) {
      fill(stateOf());
      return done();
    },
    read(take) {
      const part = stateOf();
      for (const array of stateArrays) take(array, offset, part[array]);
      return done();
    },
    publish: (version) => reducer.publish(version),
    begin: (sum, assignments) => reducer.begin(sum, assignments),
    reassign: (node, worker) => reducer.reassign(node, worker),
    commit: (version, scalars) => reducer.commit(version, scalars),
    attach: (worker) => reducer.attach(worker),
    detach(worker) {
      reducer.detach(worker);
      return [];
    },
    expect: (frame) => reducer.expect(frame),
    take(frame) {
      const { effects, report } = reducer.take(frame);
      if (!reducer.owes(frame)) tell({ type: 'delivered', node: { first: frame.first, end: frame.end } });
      if (report !== null) tell({ type: 'report', report });
      return effects;
    },
    received: (worker) => reducer.received(worker),
  };
}
