/**
 * Who may come in: the allow-lists of this process's hubs, asked by libzmq at every CURVE handshake (ZAP,
 * ZeroMQ RFC 27), before a frame of the stranger's reaches us.
 *
 * libzmq asks one handler a process, through a socket of its own; each hub has a domain there. A handler that ends
 * while a hub relies on it would let nobody in any more, since the hubs enforce their domains; nobody would know
 * why, so the process ends with it.
 */
import { runError } from '../errors.ts';
import { encodeZ85 } from './z85.ts';

/** What the door does with a REP socket: one request, one reply. */
export interface DoorSocket {
  receive(): Promise<Uint8Array[]>;
  send(frames: (Uint8Array | string)[]): Promise<void>;
  /** Settles when there is room for the next socket of the same name. */
  close(): Promise<void>;
}

/** The rules of one hub. */
export interface Guard {
  readonly domain: string;
  /** Ends the rules; the door closes behind the last one. */
  remove(): Promise<void>;
}

export interface Door {
  /** @param onRefused told the address of whoever came with a key that is not allowed */
  guard(allowed: readonly string[], onRefused: (address: string) => void): Promise<Guard>;
}

interface Rules {
  readonly allowed: ReadonlySet<string>;
  readonly onRefused: (address: string) => void;
}

const version = '1.0';
const keyBytes = 32;

/** @param open a socket that libzmq asks from now on */
export function createDoor(open: () => Promise<DoorSocket>): Door {
  const rules = new Map<string, Rules>(); // by domain
  let socket: Promise<DoorSocket> | null = null;
  let closing: Promise<void> = Promise.resolve(); // of the socket before
  let opened = 0;

  async function openOnce(): Promise<void> {
    if (socket !== null) return void (await socket);
    socket = closing.then(open);
    const own = await socket;
    void serve(own); // what it throws is caught by nobody, and ends the process
  }

  async function serve(own: DoorSocket): Promise<void> {
    for (;;) {
      try {
        const request = await own.receive();
        await own.send(answer(request));
      } catch (error) {
        if (rules.size === 0) return; // closed behind the last hub
        throw runError(`the list of keys is not asked any more (${String(error)}): start the run again`);
      }
    }
  }

  /** Frames of a request: version, id, domain, address, identity, mechanism, credentials. */
  function answer([, id, domain, address, , mechanism, key]: Uint8Array[]): (Uint8Array | string)[] {
    const rule = rules.get(textOf(domain));
    const isKey = textOf(mechanism) === 'CURVE' && key?.byteLength === keyBytes;
    const allowed = rule !== undefined && isKey && rule.allowed.has(encodeZ85(key));
    if (!allowed) rule?.onRefused(textOf(address));
    const status = allowed ? ['200', 'OK'] : ['400', 'this key is not allowed'];
    return [version, id ?? '', ...status, '', ''];
  }

  return {
    async guard(allowed, onRefused) {
      const domain = `lockstep-${(opened += 1)}`;
      rules.set(domain, { allowed: new Set(allowed), onRefused });
      try {
        await openOnce();
      } catch (error) {
        rules.delete(domain);
        socket = null;
        throw error;
      }
      return {
        domain,
        async remove() {
          rules.delete(domain);
          if (rules.size > 0 || socket === null) return;
          const own = await socket;
          if (rules.size > 0) return; // another hub came meanwhile
          socket = null;
          closing = own.close();
          await closing;
        },
      };
    },
  };
}

const textOf = (frame: Uint8Array | undefined): string => Buffer.from(frame ?? []).toString('latin1');
