/**
 * Drawing on small planes of floats: strokes with soft edges, blur, and smooth random texture.
 *
 * A plane is side x side values, row-major. Nothing but + - * / and square roots, which IEEE 754 rounds one way
 * only: the same bits on every machine and in every engine.
 */

export const side = 32; // pixels
export const planeLength = side * side;

/** Uniform in [0, 1). */
export type Draw = () => number;

/**
 * Raises `coverage` [side, side] to that of a line with round ends; edges are one pixel soft.
 *
 * @param radius half the width, in pixels
 */
export function drawLine(
  coverage: Float32Array,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  radius: number,
): void {
  const reach = radius + 0.5;
  const left = Math.max(0, Math.ceil(Math.min(x0, x1) - reach));
  const right = Math.min(side - 1, Math.floor(Math.max(x0, x1) + reach));
  const top = Math.max(0, Math.ceil(Math.min(y0, y1) - reach));
  const bottom = Math.min(side - 1, Math.floor(Math.max(y0, y1) + reach));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const perLength2 = 1 / Math.max(dx * dx + dy * dy, 1e-9);
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const t = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) * perLength2));
      const ex = x - x0 - t * dx;
      const ey = y - y0 - t * dy;
      const distance2 = ex * ex + ey * ey;
      if (distance2 >= reach * reach) continue;
      const value = Math.min(1, reach - Math.sqrt(distance2));
      const at = y * side + x;
      if (value > coverage[at]!) coverage[at] = value;
    }
  }
}

/** Overwrites `plane` with its mean under the kernel [w, 1 - 2w, w] in both directions; edges repeat. */
export function blur(plane: Float32Array, weight: number, scratch: Float32Array): void {
  blurAlong(plane, scratch, weight, 1, side);
  blurAlong(scratch, plane, weight, side, 1);
}

function blurAlong(from: Float32Array, to: Float32Array, weight: number, step: number, stride: number): void {
  const centre = 1 - 2 * weight;
  const last = (side - 1) * step;
  for (let line = 0; line < side; line++) {
    const base = line * stride;
    for (let i = 0; i <= last; i += step) {
      const before = from[base + Math.max(0, i - step)]!;
      const after = from[base + Math.min(last, i + step)]!;
      to[base + i] = centre * from[base + i]! + weight * (before + after);
    }
  }
}

const cells = 4; // of the texture, in each direction

/** Adds smooth noise of zero mean to `plane`: random values on a coarse grid, interpolated linearly. */
export function addTexture(plane: Float32Array, amplitude: number, draw: Draw): void {
  const grid = Array.from({ length: (cells + 1) ** 2 }, () => (2 * draw() - 1) * amplitude);
  for (let y = 0; y < side; y++) {
    const v = (y * cells) / side;
    const row = Math.floor(v);
    for (let x = 0; x < side; x++) {
      const u = (x * cells) / side;
      const column = Math.floor(u);
      const at = row * (cells + 1) + column;
      const upper = grid[at]! + (grid[at + 1]! - grid[at]!) * (u - column);
      const lower = grid[at + cells + 1]! + (grid[at + cells + 2]! - grid[at + cells + 1]!) * (u - column);
      const index = y * side + x;
      plane[index] = plane[index]! + upper + (lower - upper) * (v - row);
    }
  }
}
