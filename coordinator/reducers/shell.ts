/**
 * Feeds a reducer's machine and carries out its effects: a link to the coordinator on one side, a hub for workers
 * on the other.
 *
 * Its state is worth nothing without the coordinator that counts its steps: when that is lost, it leaves. A worker
 * that breaks the protocol loses its connection.
 */
import { exitCodes, LockstepError, ProtocolError } from '../../shared/errors.ts';
import type { Kernels } from '../../shared/math/kernels.ts';
import {
  decodeReducerCommand,
  decodeWorkerMessage,
  encodeControl,
  isControl,
} from '../../shared/protocol/control.ts';
import { decodeFrame } from '../../shared/protocol/frame.ts';
import { protocolVersion } from '../../shared/protocol/messages.ts';
import type { ReducerMessage } from '../../shared/protocol/reducer-messages.ts';
import type {
  Frames,
  Hub,
  HubEvents,
  PeerId,
  Transport,
  TransportOptions,
} from '../../shared/transport/transport.ts';
import { createEncoder } from '../encode-once.ts';
import { createReducerMachine, type ReducerEffect, type ReducerEvent } from './machine.ts';

export interface ReducerShellOptions {
  readonly transport: Transport;
  readonly transportOptions: TransportOptions;
  readonly endpoint: string; // of the coordinator
  readonly listenEndpoint: string; // where workers come in, such as tcp://127.0.0.1:0
  readonly identity: { readonly version: string; readonly host: string; readonly pid: number };
  readonly createKernels: (bytes: number) => Kernels;
  readonly log: (line: string) => void;
}

/** Runs a reducer until its run is over. @returns the exit code, and why */
export function runReducerShell(options: ReducerShellOptions): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    const shell = createShell(options, (code, reason) => {
      void shell.close().then(() => resolve({ code, reason }));
    });
  });
}

function createShell(options: ReducerShellOptions, onExit: (code: number, reason: string) => void) {
  const { transport, transportOptions, identity, log } = options;
  const machine = createReducerMachine(options.createKernels);
  const encode = createEncoder();
  let epoch = 0; // the coordinator's incarnation, from its first word on
  let hub: Hub | null = null;
  let closed = false;

  const link = transport.connect(options.endpoint, transportOptions, {
    onConnected: () => epoch === 0 && tell({ type: 'reducer', protocol: protocolVersion, ...identity }),
    onLost: (reason) => dispatch({ type: 'orphaned', reason }),
    onFrames: (frames) => attempt(() => fromCoordinator(frames), null),
  });
  const workers: HubEvents = {
    onFrames: (peer, frames) => attempt(() => fromWorker(peer, frames), peer),
    onPeerLost(peer, reason) {
      log(`${peer} is gone (${reason})`);
      dispatch({ type: 'lost', peer });
    },
  };

  function fromCoordinator(frames: Frames): void {
    if (!isControl(frames)) {
      const values = machine.expectState.bind(machine);
      return dispatch({ type: 'state', frame: decodeFrame(frames, { epoch, values }) });
    }
    const envelope = decodeReducerCommand(frames);
    epoch = envelope.epoch;
    dispatch({ type: 'command', command: envelope.message });
  }

  function fromWorker(peer: PeerId, frames: Frames): void {
    if (!isControl(frames)) {
      const values = machine.expect.bind(machine);
      return dispatch({ type: 'frame', peer, frame: decodeFrame(frames, { epoch, values }) });
    }
    const envelope = decodeWorkerMessage(frames);
    if (envelope.epoch !== epoch) throw new ProtocolError('epoch', 'spoke to another incarnation');
    dispatch({ type: 'message', peer, message: envelope.message });
  }

  /** @param peer the worker whose word it is; null for the coordinator's */
  function attempt(handle: () => void, peer: PeerId | null): void {
    try {
      if (!closed) handle();
    } catch (error) {
      if (!(error instanceof ProtocolError)) return fail(error);
      if (peer === null) return exit(exitCodes.peerLost, `the coordinator ${error.message}`);
      if (error.kind === 'stale' || error.kind === 'duplicate' || error.kind === 'epoch') return;
      log(`${peer} ${error.message} (${error.kind})`);
      hub?.drop(peer, error.message);
    }
  }

  function dispatch(event: ReducerEvent): void {
    if (!closed) machine.handle(event).forEach(carryOut);
  }

  function carryOut(effect: ReducerEffect): void {
    switch (effect.type) {
      case 'tell':
        return tell(effect.message);
      case 'tellFrame':
        return link.send(encode(effect.frame, epoch));
      case 'send':
        return hub?.send(effect.peer, encodeControl(epoch, effect.message));
      case 'sendFrame':
        return hub?.send(effect.peer, encode(effect.frame, epoch));
      case 'listen':
        return void listen().catch(fail);
      case 'exit':
        return exit(effect.code, effect.reason);
      default:
        return effect satisfies never;
    }
  }

  async function listen(): Promise<void> {
    hub = await transport.bind(options.listenEndpoint, transportOptions, workers);
    if (closed) await hub.close();
    else dispatch({ type: 'bound', endpoint: hub.endpoint });
  }

  const tell = (message: ReducerMessage): void => link.send(encodeControl(epoch, message));

  function exit(code: number, reason: string): void {
    if (closed) return;
    closed = true;
    onExit(code, reason);
  }

  /** A failure of our own: tell the coordinator why, and leave. */
  function fail(error: unknown): void {
    const code = error instanceof LockstepError ? error.exitCode : exitCodes.runFailed;
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof LockstepError) && error instanceof Error) log(error.stack ?? reason);
    tell({ type: 'broken', reason: reason.slice(0, 2000) });
    exit(code, reason);
  }

  return {
    async close(): Promise<void> {
      closed = true;
      await Promise.all([hub?.close(), link.close()]);
    },
  };
}
