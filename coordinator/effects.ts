/**
 * What happens to the coordinator's machines, and what they ask of the world. They never touch a socket, a
 * clock or a disk: each event gives a list of effects, and a thin shell carries them out in order.
 */
import type { DataSetName, RowPlace } from '../shared/protocol/data-messages.ts';
import type { CoordinatorMessage, DataFrame, WorkerMessage } from '../shared/protocol/messages.ts';
import type { ReducerCommand, ReducerMessage } from '../shared/protocol/reducer-messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';

export type ClusterEvent =
  | { readonly type: 'message'; readonly peer: PeerId; readonly message: WorkerMessage | ReducerMessage }
  | { readonly type: 'frame'; readonly peer: PeerId; readonly frame: DataFrame }
  | { readonly type: 'lost'; readonly peer: PeerId; readonly reason: string }
  | { readonly type: 'absent'; readonly reason: string } // a reducer that was expected will not come
  | { readonly type: 'tick' }
  | { readonly type: 'interrupt' }; // somebody asked the run to stop

/** A worker that is waited for. */
export interface Missing {
  readonly rank: number;
  readonly host: string;
  readonly device: string;
  readonly reason: string;
  readonly ageMs: number;
}

/** Something that people or metrics want to know of. */
export type Notice =
  | {
      readonly kind: 'joined' | 'lost' | 'refused';
      readonly rank: number | null;
      readonly peer: PeerId;
      readonly reason: string;
    }
  | { readonly kind: 'reassigned' | 'duplicated'; readonly rank: number; readonly microBatches: number }
  | {
      readonly kind: 'stalled'; // an open task, by workers that are silent
      readonly what: string;
      readonly by: readonly Missing[];
    }
  | {
      readonly kind: 'tooFew'; // workers, so that the run waits
      readonly ready: number;
      readonly wanted: number;
      readonly waitedMs: number;
      readonly missing: readonly Missing[];
    }
  | {
      readonly kind: 'shares'; // what each worker is dealt from now on
      readonly shares: readonly { readonly rank: number; readonly microBatches: number }[];
    }
  | {
      readonly kind: 'nonFinite';
      readonly rank: number;
      readonly leaves: readonly number[];
      readonly again: boolean;
    }
  | { readonly kind: 'stale' | 'duplicate'; readonly peer: PeerId }
  | {
      readonly kind: 'data'; // a worker reads another file than the coordinator, or none
      readonly rank: number;
      readonly host: string;
      readonly place: Exclude<RowPlace, 'own'>;
      readonly reason: string;
      readonly share: number; // of its traffic that rows are, roughly
    }
  | { readonly kind: 'rows'; readonly peer: PeerId; readonly bytes: number } // sent to a worker
  | { readonly kind: 'mixed' | 'disagreed'; readonly reason: string }
  | {
      readonly kind: 'fewReducers';
      readonly expected: number;
      readonly here: number;
      readonly reason: string;
    };

export type Effect =
  | { readonly type: 'send'; readonly peer: PeerId; readonly message: CoordinatorMessage | ReducerCommand }
  | { readonly type: 'sendFrame'; readonly peer: PeerId; readonly frame: DataFrame }
  | {
      readonly type: 'sendRows'; // the shell reads them
      readonly peer: PeerId;
      readonly request: number;
      readonly of: DataSetName;
      readonly rows: readonly number[];
    }
  | { readonly type: 'drop'; readonly peer: PeerId; readonly reason: string }
  | { readonly type: 'notice'; readonly notice: Notice };

/** What came too late, or twice: no offence, but counted. */
export const counted = (kind: 'stale' | 'duplicate', peer: PeerId): Effect => ({
  type: 'notice',
  notice: { kind, peer },
});
