/** The files that test/golden/mat.py made with scipy, and what is in them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';

export const goldenImage = { height: 5, width: 4, channels: 3 };
export const goldenCount = 12;

export const goldenMat = (name: string): string =>
  fileURLToPath(new URL(`../golden/mat/${name}.mat`, import.meta.url));

/** Rows as the script's formula gives them. */
export function goldenRows(channels = goldenImage.channels, count = goldenCount): Uint8Array {
  const { height, width } = goldenImage;
  const length = height * width * channels;
  return Uint8Array.from({ length: count * length }, (_, i) => {
    const [n, at] = [Math.floor(i / length), i % length];
    const [r, c, k] = [Math.floor(at / (width * channels)), Math.floor(at / channels) % width, at % channels];
    return (31 * n + 7 * r + 3 * c + 101 * k) % 256;
  });
}

export const goldenLabels = (count = goldenCount): Uint8Array =>
  Uint8Array.from({ length: count }, (_, n) => n % 10);

/** `stored.mat` in parts: its header and its two elements, X then y, each with its tag. */
export function storedParts(): { header: Buffer; x: Buffer; y: Buffer } {
  const file = readFileSync(goldenMat('stored'));
  const yAt = 128 + 8 + file.readUInt32LE(132);
  return { header: file.subarray(0, 128), x: file.subarray(128, yAt), y: file.subarray(yAt) };
}

/** An element as `miCOMPRESSED`. */
export function compressed(element: Uint8Array): Buffer {
  const data = deflateSync(element);
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(15, 0);
  tag.writeUInt32LE(data.length, 4);
  return Buffer.concat([tag, data]);
}
