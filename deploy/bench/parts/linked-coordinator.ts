/**
 * The coordinator of a run across a link: the real one, listening on an address that its box has.
 *
 * It answers `endpoint` as soon as workers can connect, and `steps` when the run is over.
 */
import { readHistory } from '../../../coordinator/run/history.ts';
import { runCoordinator } from '../../../coordinator/main.ts';
import { unseen } from '../../../coordinator/serving/serving.ts';
import { createScreen } from '../../../coordinator/screen.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import type { ConfigField } from '../../../shared/runtime/config.ts';
import { loadConfig } from '../../../shared/runtime/load-config.ts';
import { withHubKeys } from '../../../shared/transport/keys.ts';
import { createZeromqTransport } from '../../../shared/transport/zeromq.ts';
import { packageVersion } from '../../cli/version.ts';
import type { AnswerPart } from '../part.ts';

export interface LinkedCoordinatorOptions {
  readonly host: string; // an address of this box
  readonly preset: string;
  readonly flags: Readonly<Partial<Record<ConfigField, string>>>;
  readonly workers: number;
  readonly runDir: string; // new
  readonly cacheDir: string;
}

export async function openLinkedCoordinator(options: LinkedCoordinatorOptions): Promise<AnswerPart> {
  const { host, preset, flags, workers, runDir, cacheDir } = options;
  const loaded = loadConfig({
    preset,
    file: null,
    environment: process.env,
    flags: new Map(Object.entries(flags) as [ConfigField, string][]),
  });
  let tellEndpoint: (endpoint: string) => void;
  const endpoint = new Promise<string>((resolve) => (tellEndpoint = resolve));
  const end = runCoordinator({
    loaded,
    preset: loaded.preset,
    saved: null,
    notices: [],
    runDir,
    resume: false,
    grace: null,
    initFrom: null,
    listen: { host, port: 0 },
    workerCount: workers,
    cacheDir,
    version: packageVersion(),
    transport: withHubKeys(createZeromqTransport(systemClock, { sharedMemory: false }), { insecure: true }), // nobody else is on the link
    clock: systemClock,
    screen: quietScreen(),
    serving: unseen,
    onListening: (address) => tellEndpoint(address),
    onStoppable: () => {},
  });
  end.catch(() => {}); // whoever asks is told
  return async (question) => {
    if (question === 'endpoint') return Promise.race([endpoint, end]);
    await end;
    return readHistory(runDir);
  };
}

/** Warnings and problems go to standard error. */
const quietScreen = () =>
  createScreen({
    write: (text) => void process.stderr.write(text),
    isTerminal: false,
    colour: false,
    quiet: true,
    nowMs: () => systemClock.nowMs(),
    columns: () => 110,
  });
