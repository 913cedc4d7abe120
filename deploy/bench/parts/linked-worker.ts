/** A worker of a run across a link: the real one. It answers `end` when the run is over. */
import type { RuntimeName } from '../../../shared/model/runtime.ts';
import { runError } from '../../../shared/errors.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { createZeromqTransport } from '../../../shared/transport/zeromq.ts';
import { runWorker } from '../../../worker/main.ts';
import { cacheFolder } from '../../cli/folders.ts';
import { packageVersion } from '../../cli/version.ts';
import type { AnswerPart } from '../part.ts';

export interface LinkedWorkerOptions {
  readonly endpoint: string; // of the coordinator
  readonly rank: number;
  readonly runtime: RuntimeName;
  readonly threads: number;
}

export async function openLinkedWorker(options: LinkedWorkerOptions): Promise<AnswerPart> {
  const lines: string[] = []; // that explain a failure
  const ended = runWorker({
    ...options,
    runId: null,
    precision: 'tf32',
    allowCpu: true,
    data: { mode: 'look', dataDir: cacheFolder() },
    version: packageVersion(),
    transport: createZeromqTransport(systemClock, { sharedMemory: false }),
    log: (line) => void lines.push(line),
  });
  ended.catch(() => {}); // whoever asks is told
  return async () => {
    const { code, reason } = await ended;
    if (code !== 0) throw runError(`rank ${options.rank} ended: ${[...lines.slice(-3), reason].join('; ')}`);
    return null;
  };
}
