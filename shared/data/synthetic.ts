/**
 * Synthetic street digits: images like SVHN's, made from a seed, so that everything runs without a download.
 *
 * Image i is a pure function of (seed, i): its draws are Philox words of a stream of its own, so that any
 * number of images begins with the same ones, whoever makes them. A scene is chosen (synthetic-scene.ts), its
 * digits are drawn as strokes, light and paint are mixed, and a cheap camera takes the picture: blur, noise,
 * eight bits.
 */
import { setImmediate } from 'node:timers/promises';
import { streamOf, wordsOf } from '../math/philox.ts';
import { type ImageShape, rowLength } from './dataset.ts';
import type { Font } from './synthetic-fonts.ts';
import { addTexture, blur, drawLine, planeLength, side } from './synthetic-pixels.ts';
import { drawScene, type Scene } from './synthetic-scene.ts';
import { type RowSink, rowsPerBlock } from './source.ts';
import type { Contents } from './sources.ts';

export const syntheticShape: ImageShape = { height: side, width: side, channels: 3 };

/** Increased whenever (seed, i) would give another image. */
export const syntheticVersion = 1;

/** Makes images one at a time in planes of its own. */
export interface Painter {
  /** Overwrites `out` [32 x 32 x 3] with image `index`. @returns its label, the digit in the middle */
  paint(index: number, out: Uint8Array): number;
}

/** Pushes images 0..rowCount-1, giving the thread up between blocks. */
export async function pushSynthetic(rowCount: number, seed: number, sink: RowSink): Promise<Contents> {
  const labels = new Uint8Array(rowCount);
  sink.begin(syntheticShape, rowCount, 'synthetic');
  for (const rows of syntheticRows(rowCount, seed, labels)) {
    sink.push(rows);
    await setImmediate();
  }
  return { shape: syntheticShape, rowCount, labels };
}

/** Images 0..rowCount-1 in blocks, each overwritten by the next. Overwrites `labels` [rowCount] as it goes. */
export function* syntheticRows(rowCount: number, seed: number, labels: Uint8Array): Generator<Uint8Array> {
  const painter = createPainter(seed);
  const rowBytes = rowLength(syntheticShape);
  const block = new Uint8Array(rowsPerBlock(rowBytes) * rowBytes);
  let used = 0; // bytes of `block`
  for (let i = 0; i < rowCount; i++) {
    labels[i] = painter.paint(i, block.subarray(used, used + rowBytes));
    used += rowBytes;
    if (used < block.length && i + 1 < rowCount) continue;
    yield block.subarray(0, used);
    used = 0;
  }
}

/** @param seed uint32 */
export function createPainter(seed: number): Painter {
  const plane = (): Float32Array => new Float32Array(planeLength);
  const [coverage, light, shadow, scratch] = [plane(), plane(), plane(), plane()];
  const channels = [plane(), plane(), plane()];
  return {
    paint(index, out) {
      const words = wordsOf(seed, streamOf('synthetic', index));
      const draw = (): number => words() / 2 ** 32;
      const scene = drawScene(draw);
      coverage.fill(0);
      drawNumber(coverage, scene);
      lightGround(light, scene);
      addTexture(light, scene.texture, draw);
      if (scene.shadow !== null) {
        castShadow(shadow, coverage, scene.shadow, scratch);
        for (let i = 0; i < planeLength; i++) light[i] = light[i]! * (1 - shadow[i]! * (1 - coverage[i]!));
      }
      channels.forEach((values, channel) => {
        const ground = scene.ground[channel]!;
        const ink = scene.ink[channel]!;
        for (let i = 0; i < planeLength; i++)
          values[i] = light[i]! * (ground + (ink - ground) * coverage[i]!);
        for (let pass = 0; pass < scene.blurPasses; pass++) blur(values, scene.blurWeight, scratch);
      });
      expose(channels, scene.noise, words, out);
      return scene.digit;
    },
  };
}

/** The digit in the middle and what is left of its neighbours. */
function drawNumber(coverage: Float32Array, scene: Scene): void {
  const widthOf = (digit: number): number =>
    glyph(scene.font, digit).width * scene.font.aspect * scene.heightPixels;
  drawDigit(coverage, scene, scene.digit, 0);
  for (const [digit, direction] of [
    [scene.left, -1],
    [scene.right, 1],
  ] as const) {
    if (digit === null) continue;
    const advance = (widthOf(scene.digit) + widthOf(digit)) / 2 + scene.gapPixels;
    drawDigit(coverage, scene, digit, direction * advance);
  }
}

const glyph = (font: Font, digit: number): Font['digits'][number] => font.digits[digit]!;

/** @param shift of the digit's middle along the line of the number, in pixels */
function drawDigit(coverage: Float32Array, scene: Scene, digit: number, shift: number): void {
  const { font, heightPixels, radiusPixels, centre, turn, slant, keystone } = scene;
  const { strokes, width } = glyph(font, digit);
  const widthPixels = heightPixels * font.aspect * width;
  const cosine = (1 - turn * turn) / (1 + turn * turn);
  const sine = (2 * turn) / (1 + turn * turn);
  const place = (x: number, y: number): readonly [number, number] => {
    const u = (x - 0.5) * widthPixels + shift;
    const v = (y - 0.5) * heightPixels * (1 + (keystone * u) / side);
    const w = u - slant * v;
    return [centre[0] + cosine * w - sine * v, centre[1] + sine * w + cosine * v];
  };
  for (let i = 0; i < strokes.length; i += 4) {
    const [x0, y0] = place(strokes[i]!, strokes[i + 1]!);
    const [x1, y1] = place(strokes[i + 2]!, strokes[i + 3]!);
    const across = Math.abs(x1 - x0);
    const flatness = across / (across + Math.abs(y1 - y0) + 1e-9);
    drawLine(coverage, x0, y0, x1, y1, radiusPixels * (1 - font.contrast * flatness));
  }
}

/** Light that falls off over the image, and the shadows between boards. */
function lightGround(light: Float32Array, { gradient, boards }: Scene): void {
  for (let y = 0; y < side; y++) {
    let row = 1 + gradient[1] * (y / side - 0.5);
    if (boards !== null && (y + boards.phasePixels) % boards.spacingPixels < 1) row -= boards.depth;
    for (let x = 0; x < side; x++) light[y * side + x] = row + gradient[0] * (x / side - 0.5);
  }
}

/** What stands off a wall darkens it beside itself: a shifted, softened copy of the strokes. */
function castShadow(
  out: Float32Array,
  coverage: Float32Array,
  shadow: { readonly x: number; readonly y: number; readonly depth: number },
  scratch: Float32Array,
): void {
  const [dx, dy] = [Math.round(shadow.x), Math.round(shadow.y)];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const inside = x - dx >= 0 && x - dx < side && y - dy >= 0 && y - dy < side;
      out[y * side + x] = inside ? shadow.depth * coverage[(y - dy) * side + x - dx]! : 0;
    }
  }
  blur(out, 0.2, scratch);
}

/** Adds the sensor's noise (the difference of two uniform bytes, for each value) and rounds to eight bits. */
function expose(
  channels: readonly Float32Array[],
  noise: number,
  words: () => number,
  out: Uint8Array,
): void {
  const amplitude = noise;
  let word = 0;
  for (let i = 0, at = 0; i < planeLength; i++) {
    for (const channel of channels) {
      word = (at & 1) === 0 ? words() : word >>> 16;
      const grain = ((word & 0xff) - ((word >>> 8) & 0xff)) / 128;
      const value = Math.round(255 * (channel[i]! + amplitude * grain));
      out[at++] = Math.min(255, Math.max(0, value));
    }
  }
}
