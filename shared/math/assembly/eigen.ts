/**
 * Kernels of the symmetric eigen-solver, float64; eigen.ts drives them and tells the algorithm.
 *
 * The matrix is its lower triangle, row after row: row i has i + 1 values and begins at i (i + 1) / 2. One row
 * more of zeros lies behind the last.
 */

function rowOf(matrix: usize, i: u32): usize {
  return matrix + ((i * (i + 1)) << 2); // 8 bytes times half of i (i + 1)
}

/**
 * Step i = n - 1, ..., 0 of Householder's reduction: H_i = 1 - beta_i u_i u_i^T zeroes row i left of its
 * off-diagonal entry. u_i takes the place of the row.
 *
 * The rank-2 update of the step before, A - u w^T - w u^T, is carried out in the pass that multiplies by u_i,
 * so that the matrix goes through memory once a step.
 * @param w [i + 1], of the step before @param y [i], overwritten by this step's w
 */
export function reduceStep(
  matrix: usize,
  i: u32,
  w: usize,
  y: usize,
  diagonal: usize,
  offDiagonal: usize,
  betas: usize,
): void {
  const row = rowOf(matrix, i);
  const previous = rowOf(matrix, i + 1);
  const pending: f64 = load<f64>(betas + ((i + 1) << 3)) != 0 ? 1 : 0;
  const ui = pending * load<f64>(previous + (i << 3));
  const wi = pending * load<f64>(w + (i << 3));
  for (let j: u32 = 0; j <= i; j++) {
    const at = j << 3;
    store<f64>(row + at, load<f64>(row + at) - (ui * load<f64>(w + at) + wi * load<f64>(previous + at)));
  }
  store<f64>(diagonal + (i << 3), load<f64>(row + (i << 3)));
  if (i == 0) return;
  const beta = reflect(row, i, offDiagonal + (i << 3));
  store<f64>(betas + (i << 3), beta);
  if (beta == 0 && pending == 0) return;
  updateAndMultiply(matrix, i, previous, w, pending, row, y);
  let product: f64 = 0;
  for (let j: u32 = 0; j < i; j++) product += load<f64>(y + (j << 3)) * load<f64>(row + (j << 3));
  const half = 0.5 * beta * beta * product;
  for (let j: u32 = 0; j < i; j++) {
    const at = y + (j << 3);
    store<f64>(at, beta * load<f64>(at) - half * load<f64>(row + (j << 3)));
  }
}

/** Turns the first i values of a row into u. @returns beta = 2 / |u|^2, or 0 where there is nothing to zero */
function reflect(row: usize, i: u32, offDiagonal: usize): f64 {
  let sum: f64 = 0;
  for (let j: u32 = 0; j < i - 1; j++) {
    const value = load<f64>(row + (j << 3));
    sum += value * value;
  }
  const last = row + ((i - 1) << 3);
  const alpha = load<f64>(last);
  if (sum < 1e-290) {
    store<f64>(offDiagonal, alpha);
    return 0;
  }
  const norm = sqrt(sum + alpha * alpha);
  const image = alpha > 0 ? -norm : norm;
  store<f64>(offDiagonal, image);
  store<f64>(last, alpha - image);
  return 1 / (norm * (norm + abs(alpha)));
}

/** A -= u w^T + w u^T over the first i rows, and y = A x with the result. */
function updateAndMultiply(
  matrix: usize,
  i: u32,
  u: usize,
  w: usize,
  pending: f64,
  x: usize,
  y: usize,
): void {
  memory.fill(y, 0, i << 3);
  const whole = i & ~3;
  for (let r: u32 = 0; r < whole; r += 4) {
    fourRows(matrix, r, u, w, pending, x, y);
    for (let k: u32 = 0; k < 4; k++) oneRow(rowOf(matrix, r + k), r + k, r, u, w, pending, x, y);
  }
  for (let r = whole; r < i; r++) oneRow(rowOf(matrix, r), r, 0, u, w, pending, x, y);
}

/** Columns 0..r-1 of the rows r..r+3, r a multiple of 4. */
function fourRows(matrix: usize, r: u32, u: usize, w: usize, pending: f64, x: usize, y: usize): void {
  const at = r << 3;
  const a0 = rowOf(matrix, r);
  const a1 = rowOf(matrix, r + 1);
  const a2 = rowOf(matrix, r + 2);
  const a3 = rowOf(matrix, r + 3);
  const scale = f64x2.splat(pending);
  const u0 = f64x2.mul(scale, v128.load64_splat(u + at));
  const u1 = f64x2.mul(scale, v128.load64_splat(u + at, 8));
  const u2 = f64x2.mul(scale, v128.load64_splat(u + at, 16));
  const u3 = f64x2.mul(scale, v128.load64_splat(u + at, 24));
  const w0 = f64x2.mul(scale, v128.load64_splat(w + at));
  const w1 = f64x2.mul(scale, v128.load64_splat(w + at, 8));
  const w2 = f64x2.mul(scale, v128.load64_splat(w + at, 16));
  const w3 = f64x2.mul(scale, v128.load64_splat(w + at, 24));
  const x0 = v128.load64_splat(x + at);
  const x1 = v128.load64_splat(x + at, 8);
  const x2 = v128.load64_splat(x + at, 16);
  const x3 = v128.load64_splat(x + at, 24);
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let j: u32 = 0; j < at; j += 16) {
    const uj = v128.load(u + j);
    const wj = v128.load(w + j);
    const xj = v128.load(x + j);
    const b0 = f64x2.sub(v128.load(a0 + j), f64x2.add(f64x2.mul(u0, wj), f64x2.mul(w0, uj)));
    const b1 = f64x2.sub(v128.load(a1 + j), f64x2.add(f64x2.mul(u1, wj), f64x2.mul(w1, uj)));
    const b2 = f64x2.sub(v128.load(a2 + j), f64x2.add(f64x2.mul(u2, wj), f64x2.mul(w2, uj)));
    const b3 = f64x2.sub(v128.load(a3 + j), f64x2.add(f64x2.mul(u3, wj), f64x2.mul(w3, uj)));
    v128.store(a0 + j, b0);
    v128.store(a1 + j, b1);
    v128.store(a2 + j, b2);
    v128.store(a3 + j, b3);
    s0 = f64x2.add(s0, f64x2.mul(b0, xj));
    s1 = f64x2.add(s1, f64x2.mul(b1, xj));
    s2 = f64x2.add(s2, f64x2.mul(b2, xj));
    s3 = f64x2.add(s3, f64x2.mul(b3, xj));
    const y01 = f64x2.add(f64x2.mul(b0, x0), f64x2.mul(b1, x1));
    const y23 = f64x2.add(f64x2.mul(b2, x2), f64x2.mul(b3, x3));
    v128.store(y + j, f64x2.add(v128.load(y + j), f64x2.add(y01, y23)));
  }
  addTo(y + at, s0);
  addTo(y + at + 8, s1);
  addTo(y + at + 16, s2);
  addTo(y + at + 24, s3);
}

/** Columns from..r of row r, its diagonal entry included. */
function oneRow(row: usize, r: u32, from: u32, u: usize, w: usize, pending: f64, x: usize, y: usize): void {
  const ur = pending * load<f64>(u + (r << 3));
  const wr = pending * load<f64>(w + (r << 3));
  const xr = load<f64>(x + (r << 3));
  let sum: f64 = 0;
  for (let j = from; j < r; j++) {
    const at = j << 3;
    const value = load<f64>(row + at) - (ur * load<f64>(w + at) + wr * load<f64>(u + at));
    store<f64>(row + at, value);
    store<f64>(y + at, load<f64>(y + at) + value * xr);
    sum += value * load<f64>(x + at);
  }
  const diagonal = load<f64>(row + (r << 3)) - 2 * ur * wr;
  store<f64>(row + (r << 3), diagonal);
  store<f64>(y + (r << 3), load<f64>(y + (r << 3)) + sum + diagonal * xr);
}

function addTo(at: usize, pair: v128): void {
  store<f64>(at, load<f64>(at) + f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1));
}

/** Back from the tridiagonal's eigenvectors to the matrix's: H_{n-1} ... H_1 z, for four vectors at once. */
export function reflectFour(matrix: usize, n: u32, betas: usize, vectors: usize): void {
  const z0 = vectors;
  const z1 = z0 + (n << 3);
  const z2 = z1 + (n << 3);
  const z3 = z2 + (n << 3);
  for (let i: u32 = 1; i < n; i++) {
    const beta = load<f64>(betas + (i << 3));
    if (beta == 0) continue;
    const u = rowOf(matrix, i);
    const factor0 = -beta * dot(u, z0, i);
    const factor1 = -beta * dot(u, z1, i);
    const factor2 = -beta * dot(u, z2, i);
    const factor3 = -beta * dot(u, z3, i);
    axpy(z0, u, i, factor0);
    axpy(z1, u, i, factor1);
    axpy(z2, u, i, factor2);
    axpy(z3, u, i, factor3);
  }
}

/** Makes x orthogonal to `count` orthonormal vectors, by modified Gram-Schmidt, twice. */
export function orthogonalise(x: usize, vectors: usize, count: u32, n: u32): void {
  for (let pass = 0; pass < 2; pass++) {
    for (let k: u32 = 0; k < count; k++) {
      const z = vectors + ((k * n) << 3);
      axpy(x, z, n, -dot(z, x, n));
    }
  }
}

export function dot(a: usize, b: usize, n: u32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const whole = n & ~7;
  let i: u32 = 0;
  for (; i < whole; i += 8) {
    const p = a + (i << 3);
    const q = b + (i << 3);
    s0 = f64x2.add(s0, f64x2.mul(v128.load(p), v128.load(q)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(p, 16), v128.load(q, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(p, 32), v128.load(q, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(p, 48), v128.load(q, 48)));
  }
  const s = f64x2.add(f64x2.add(s0, s2), f64x2.add(s1, s3));
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  for (; i < n; i++) sum += load<f64>(a + (i << 3)) * load<f64>(b + (i << 3));
  return sum;
}

/** y += factor * x */
function axpy(y: usize, x: usize, n: u32, factor: f64): void {
  const factors = f64x2.splat(factor);
  const whole = n & ~3;
  let i: u32 = 0;
  for (; i < whole; i += 4) {
    const p = y + (i << 3);
    const q = x + (i << 3);
    v128.store(p, f64x2.add(v128.load(p), f64x2.mul(factors, v128.load(q))));
    v128.store(p, f64x2.add(v128.load(p, 16), f64x2.mul(factors, v128.load(q, 16))), 16);
  }
  for (; i < n; i++) {
    const p = y + (i << 3);
    store<f64>(p, load<f64>(p) + factor * load<f64>(x + (i << 3)));
  }
}
