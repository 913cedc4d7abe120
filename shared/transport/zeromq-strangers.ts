/**
 * What a hub's socket says of handshakes, as kinds of strangers to be counted.
 *
 *   accept -> handshake                                     a peer
 *   accept -> handshake:error:... -> disconnect             kept out, with the reason
 *   accept -> disconnect                                    kept out before there was a handshake: noise
 *
 * The socket does not say which connection an event belongs to, so that the last kind shows only in the sum: of
 * connections older than any handshake may last, those that neither began nor failed one.
 */
import type { StrangerKind } from './transport.ts';

/** What libzmq's I/O thread tells of a connection. */
export interface SocketEvent {
  readonly type: string;
  readonly error?: { readonly code?: unknown; readonly status?: unknown };
}

export interface Strangers {
  handle(event: SocketEvent): void;
  /** Called every so often, each time later than the last one by more than a handshake may last. */
  age(): void;
}

export function createStrangers(onStranger: (kind: StrangerKind) => void): Strangers {
  let young = 0; // connections accepted since the last call of `age`, without an outcome
  let old = 0; // the same of the time before

  function settle(): void {
    if (old > 0) old -= 1;
    else if (young > 0) young -= 1;
  }

  return {
    handle(event) {
      if (event.type === 'accept') young += 1;
      if (!event.type.startsWith('handshake')) return;
      settle();
      const kind = kindOf(event);
      if (kind !== null) onStranger(kind);
    },
    age() {
      for (; old > 0; old--) onStranger('garbage');
      old = young;
      young = 0;
    },
  };
}

/** @returns null for a handshake that succeeded, or that the door has told of */
function kindOf({ type, error }: SocketEvent): StrangerKind | null {
  if (type === 'handshake' || type === 'handshake:error:auth') return null;
  if (error?.code === 'ERR_ZMTP_MECHANISM_MISMATCH') return 'noKeys';
  if (error?.code === 'ERR_ZMTP_CRYPTOGRAPHIC') return 'wrongServerKey';
  return error?.code === 'EAGAIN' ? 'silent' : 'garbage';
}
