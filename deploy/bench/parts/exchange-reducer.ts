/** A reducer of a benchmark of the exchange: the real shell, in a process of its own. */
import { hostname } from 'node:os';
import { runReducerShell } from '../../../coordinator/reducers/shell.ts';
import { runError } from '../../../shared/errors.ts';
import { createKernels } from '../../../shared/math/kernels.ts';
import { maxFrameBytes } from '../../../shared/protocol/frame.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { createZeromqTransport } from '../../../shared/transport/zeromq.ts';
import type { AnswerPart } from '../part.ts';
import { benchVersion } from './exchange-run.ts';

export interface ExchangeReducerOptions {
  readonly endpoint: string; // of the coordinator
}

const peerTimeoutMs = 5000;

/** Answers `end` when the coordinator has said that all is over. */
export async function openExchangeReducer({ endpoint }: ExchangeReducerOptions): Promise<AnswerPart> {
  const ended = runReducerShell({
    transport: createZeromqTransport(systemClock),
    transportOptions: { maxFrameBytes, peerTimeoutMs },
    endpoint,
    listenEndpoint: 'tcp://127.0.0.1:0',
    identity: { version: benchVersion, host: hostname(), pid: process.pid },
    createKernels,
    log: () => {},
  });
  return async () => {
    const { code, reason } = await ended;
    if (code !== 0) throw runError(`a reducer of the exchange ended: ${reason}`);
    return null;
  };
}
