/**
 * What is looked at on every box, all at once, before anything is started there: the same code, free devices, the
 * coordinator's port, the data, the disk, and the gradient of one tiny micro-batch on every device, which must be
 * the same bits everywhere.
 */
import { randomUUID } from 'node:crypto';
import { LockstepError, configurationError, unavailableError } from '../../shared/errors.ts';
import type { Config } from '../../shared/runtime/config.ts';
import { deviceEnvironment } from '../train/local-workers.ts';
import type { Box } from './box.ts';
import { codeDigest } from './code-digest.ts';
import type { Answer, Check } from './checks/schema.ts';
import type { DataWords } from './request.ts';
import { judgeGradients, type Gradient } from './gradients.ts';

export const columns = ['lockstep', 'device', 'port', 'data', 'disk', 'gradient'] as const;
export type Column = (typeof columns)[number];

/** What was found of one thing on one box. */
export interface Finding {
  readonly box: string;
  readonly column: Column;
  readonly cell: string; // a word or two
  readonly problem: LockstepError | null;
}

export interface PreflightOptions {
  readonly boxes: readonly { readonly box: Box; readonly workers: number }[]; // the coordinator's too
  readonly coordinator: string;
  readonly address: string | null; // of the coordinator for the others; null where all is on one box
  readonly listenOn: string; // address that the coordinator would listen on
  readonly port: number | null;
  readonly config: Config;
  readonly runDir: string;
  readonly sharedFile: string | null; // that the coordinator's box must see
  readonly environment: Readonly<Record<string, string>>;
  readonly data: DataWords;
  readonly version: string; // of this lockstep
}

export interface Preflight {
  readonly findings: readonly Finding[];
  readonly notices: readonly string[];
  readonly listen: Answer<'open'> | null; // where the coordinator can listen
}

const leastDiskBytes = 500e6;
const busyShare = 0.5; // of a GPU's memory, in use by others

export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const { boxes, version } = options;
  const findings = boxes.map(({ box }) => sameCode(box, version));
  const isFit = (name: string): boolean =>
    findings.every(({ box, problem }) => box !== name || problem === null);
  const fit = boxes.filter(({ box }) => isFit(box.name));
  const head = fit.find(({ box }) => box.name === options.coordinator)?.box ?? null;
  const gradients: Gradient[] = [];
  const [port, ...others] = await Promise.all([
    head === null ? null : lookAtPorts(head, options, fit),
    head === null ? [] : lookAtData(head, options, fit),
    ...fit.map(({ box, workers }) => lookAtBox(box, workers, options, gradients)),
  ]);
  const judged = judgeGradients(gradients, options.config.requireIdentical);
  return {
    findings: [...findings, ...(port?.findings ?? []), ...others.flat(), ...judged.findings],
    notices: judged.notices,
    listen: port?.listen ?? null,
  };
}

function sameCode({ name, hello }: Box, version: string): Finding {
  const [ours, theirs] = [codeDigest(), hello.code];
  const isSame = hello.version === version && (ours === null || theirs === null || ours === theirs);
  const say = (number: string, code: string | null): string =>
    code === null ? number : `${number} (${code})`;
  const problem = isSame
    ? null
    : configurationError(
        `lockstep ${say(hello.version, theirs)} is there, expected ${say(version, ours)} as here: install the same, ` +
          'or say where it is with --remote-dir',
      );
  return { box: name, column: 'lockstep', cell: hello.version, problem };
}

/** The coordinator's box opens its port, and each of the others sends something through it and back. */
async function lookAtPorts(
  head: Box,
  { listenOn, port, address }: PreflightOptions,
  fit: PreflightOptions['boxes'],
): Promise<{ findings: Finding[]; listen: Answer<'open'> | null }> {
  let listen: Answer<'open'> | null = null;
  const opened = await found(head.name, 'port', async () => {
    listen = await ask(head, { what: 'open', host: listenOn, port });
    return String(listen.port);
  });
  if (listen === null || address === null) {
    if (listen !== null) await ask(head, { what: 'close' });
    return { findings: [opened], listen };
  }
  const at = (listen as Answer<'open'>).port;
  const reached = await Promise.all(
    fit
      .filter(({ box }) => box !== head)
      .map(({ box }) =>
        found(box.name, 'port', async () => {
          const { ms } = await ask(box, { what: 'reach', host: address, port: at, nonce: randomUUID() });
          return `${ms.toFixed(1)} ms`;
        }),
      ),
  );
  await ask(head, { what: 'close' });
  return { findings: [opened, ...reached], listen };
}

/** The coordinator's box opens the data, and makes rows of it where that was never done; then the others look. */
async function lookAtData(
  head: Box,
  { config, data }: PreflightOptions,
  fit: PreflightOptions['boxes'],
): Promise<Finding[]> {
  const of = (paths: readonly string[]) => ({
    what: 'data' as const,
    paths: [...paths],
    syntheticRows: config.syntheticRows,
    syntheticSeed: config.syntheticSeed,
    dataDir: data.dir,
  });
  const sets = [config.data, config.testData].filter((paths) => paths.length > 0).map(of);
  const known: Answer<'data'>[] = [];
  const first = await found(head.name, 'data', async () => {
    for (const set of sets) known.push(await ask(head, { ...set, rows: null }));
    return `${known[0]!.rowCount.toLocaleString('en-US')} rows`;
  });
  if (first.problem !== null) return [first];
  const rest = fit.filter(({ box, workers }) => box !== head && workers > 0);
  const others = rest.map(({ box }) =>
    found(box.name, 'data', async () => {
      if (data.mode === 'stream') return 'sent';
      const places = new Set<Answer<'data'>['place']>();
      for (const [index, set] of sets.entries()) {
        const { path, hash } = known[index]!;
        places.add((await ask(box, { ...set, rows: { path, hash } })).place);
      }
      if (places.has('streamed')) return data.mode === 'copy' ? 'to be copied' : 'sent';
      return places.has('copied') ? 'a copy' : 'the same';
    }),
  );
  return [first, ...(await Promise.all(others))];
}

async function lookAtBox(
  box: Box,
  workers: number,
  { coordinator, config, runDir, sharedFile, environment }: PreflightOptions,
  gradients: Gradient[],
): Promise<Finding[]> {
  const { name, hello } = box;
  const gpus = hello.gpus.slice(0, workers).map(({ index }) => index);
  const jobs = [found(name, 'device', () => freeDevices(box, gpus))];
  if (name === coordinator) {
    jobs.push(
      found(name, 'disk', async () => {
        if (sharedFile !== null) await ask(box, { what: 'sees', path: sharedFile });
        const { freeBytes } = await ask(box, { what: 'disk', folder: runDir });
        if (freeBytes >= leastDiskBytes) return `${(freeBytes / 1e9).toFixed(0)} GB`;
        throw unavailableError(
          `${(freeBytes / 1e6).toFixed(0)} MB are free at ${runDir}, expected 500 MB: free some, or give --run-dir`,
        );
      }),
    );
  }
  const { runtime, threads, precision, allowCpu } = config;
  const probed =
    workers === 0 ? [] : gpus.length === 0 ? [{}] : gpus.map((gpu) => deviceEnvironment([gpu], 0));
  for (const device of probed) {
    const check = { what: 'gradient', runtime, threads, precision, allowCpu } as const;
    jobs.push(
      found(name, 'gradient', async () => {
        const answer = await ask(box, { ...check, environment: { ...environment, ...device } });
        gradients.push({ box: name, ...answer });
        return answer.digest.slice(0, 8);
      }),
    );
  }
  return Promise.all(jobs);
}

/** What the workers will compute on, of which not half may be in use. */
async function freeDevices(box: Box, gpus: readonly string[]): Promise<string> {
  const { cores, gpus: all } = box.hello;
  if (gpus.length === 0) return `${cores} cores`;
  const used = (await ask(box, { what: 'devices' })).filter(({ index }) => gpus.includes(index));
  const busy = used.find(({ usedBytes, totalBytes }) => usedBytes > busyShare * totalBytes);
  if (busy === undefined) return `${gpus.length} x ${all[0]!.name}`;
  const who = busy.pids.length > 0 ? ` by process ${busy.pids.join(', ')}` : '';
  throw unavailableError(
    `GPU ${busy.index} is in use${who}, ${(busy.usedBytes / 2 ** 30).toFixed(0)} of ` +
      `${(busy.totalBytes / 2 ** 30).toFixed(0)} GiB: end that, or set CUDA_VISIBLE_DEVICES there to the free ones`,
  );
}

async function found(box: string, column: Column, look: () => Promise<string>): Promise<Finding> {
  try {
    return { box, column, cell: await look(), problem: null };
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return { box, column, cell: 'FAILED', problem: error };
  }
}

const ask = <W extends Check['what']>(box: Box, check: Extract<Check, { what: W }>): Promise<Answer<W>> =>
  box.ask<W>(check);
