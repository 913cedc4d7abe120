/** Starts a worker in this process: the package's version, its transport, and lines for its log. */
import { runWorker, type WorkerOptions } from '../../worker/main.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { exitCodes } from '../../shared/errors.ts';
import { readConnection } from '../../shared/runtime/key-files.ts';
import { withLinkKeys } from '../../shared/transport/keys.ts';
import { createZeromqTransport } from '../../shared/transport/zeromq.ts';
import { packageVersion } from '../cli/version.ts';

type WorkerRequest = Omit<WorkerOptions, 'endpoint' | 'transport' | 'version' | 'log'> & {
  readonly connect: string; // an endpoint, or a connection file
};

/** @returns the exit code, once the run is over, or 78 when the coordinator keeps this worker out */
export async function startWorker({ connect, ...request }: WorkerRequest): Promise<number> {
  const log = (line: string): void =>
    void process.stderr.write(`${systemClock.wallTime().toISOString()} ${line}\n`);
  const connection = isEndpoint(connect) ? { endpoint: connect, keys: undefined } : readConnection(connect);
  let refuse: (end: { code: number; reason: string }) => void;
  const refused = new Promise<{ code: number; reason: string }>((resolve) => (refuse = resolve));
  let told = '';
  const onRefused = (endpoint: string, reason: string, forGood: boolean): void => {
    const line = `the coordinator at ${endpoint} lets nobody in with ${connect}: ${reason}`;
    if (forGood)
      refuse({ code: exitCodes.configuration, reason: `${line}: --connect the file of its keygen` });
    else if (line !== told) log(`${(told = line)}; trying again`);
  };
  const options = {
    ...request,
    endpoint: connection.endpoint,
    transport: withLinkKeys(createZeromqTransport(systemClock), connection.keys, onRefused),
    version: packageVersion(),
    log,
  };
  const { code, reason } = await Promise.race([runWorker(options), refused]);
  log(reason);
  return code;
}

const isEndpoint = (text: string): boolean => /^[a-z]+:\/\//.test(text);
