/** Starts a worker in this process: the package's version, its transport, and lines for its log. */
import { runWorker, type WorkerOptions } from '../../worker/main.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { createZeromqTransport } from '../../shared/transport/zeromq.ts';
import { packageVersion } from '../cli/version.ts';

type WorkerRequest = Omit<WorkerOptions, 'endpoint' | 'transport' | 'version' | 'log'> & {
  readonly connect: string;
};

/** @returns the exit code, once the run is over */
export async function startWorker({ connect, ...request }: WorkerRequest): Promise<number> {
  const log = (line: string): void =>
    void process.stderr.write(`${systemClock.wallTime().toISOString()} ${line}\n`);
  const options = {
    ...request,
    endpoint: connect,
    transport: createZeromqTransport(systemClock),
    version: packageVersion(),
    log,
  };
  const { code, reason } = await runWorker(options);
  log(reason);
  return code;
}
