/** Starts a reducer in this process: its transport, its memory, and lines for its log. Of this box alone. */
import { hostname } from 'node:os';
import { runReducerShell } from '../../coordinator/reducers/shell.ts';
import { createKernels } from '../../shared/math/kernels.ts';
import { maxFrameBytes } from '../../shared/protocol/frame.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { createZeromqTransport } from '../../shared/transport/zeromq.ts';
import { packageVersion } from '../cli/version.ts';

const peerTimeoutMs = 5000;

/** @param endpoint of the coordinator. @returns the exit code, once the run is over */
export async function startReducer(endpoint: string): Promise<number> {
  const log = (line: string): void =>
    void process.stderr.write(`${systemClock.wallTime().toISOString()} ${line}\n`);
  const { code, reason } = await runReducerShell({
    transport: createZeromqTransport(systemClock),
    transportOptions: { maxFrameBytes, peerTimeoutMs },
    endpoint,
    listenEndpoint: 'tcp://127.0.0.1:0',
    identity: { version: packageVersion(), host: hostname(), pid: process.pid },
    createKernels,
    log,
  });
  log(reason);
  return code;
}
