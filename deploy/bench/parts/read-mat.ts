/** Reads one compressed `.mat` as a run does before it trains, in a process whose memory is its own. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createInflate } from 'node:zlib';
import { readMat } from '../../../shared/data/mat.ts';
import type { RowSink } from '../../../shared/data/source.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import type { AnswerPart } from '../part.ts';

export interface MatOptions {
  readonly path: string; // whose first variable is the compressed X
}

const headerBytes = 128;
const tagBytes = 8;
const blockBytes = 2 ** 18;

/** Answers `read` and `inflate` with MB/s of what comes out, and `peak` with the most bytes this process held. */
export async function openReadMat({ path }: MatOptions): Promise<AnswerPart> {
  return async (question) => {
    if (question === 'peak') return process.resourceUsage().maxRSS * 1024;
    const beganMs = systemClock.nowMs();
    const bytes = question === 'read' ? await readPixels(path) : await inflatePixels(path);
    return bytes / 1e3 / (systemClock.nowMs() - beganMs);
  };
}

async function readPixels(path: string): Promise<number> {
  let bytes = 0;
  const sink: RowSink = { begin: () => {}, push: (rows) => void (bytes += rows.length) };
  await readMat(path, sink);
  return bytes;
}

/** Only the inflating of X, by the same library: what no reader can beat. */
async function inflatePixels(path: string): Promise<number> {
  const tag = Buffer.alloc(tagBytes);
  const file = await open(path);
  await file.read(tag, 0, tagBytes, headerBytes);
  await file.close();
  const start = headerBytes + tagBytes;
  const source = createReadStream(path, {
    start,
    end: start + tag.readUInt32LE(4) - 1,
    highWaterMark: blockBytes,
  });
  let bytes = 0;
  await pipeline(source, createInflate({ chunkSize: blockBytes }), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) bytes += chunk.length;
  });
  return bytes;
}
