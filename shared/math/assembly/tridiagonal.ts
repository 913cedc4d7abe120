/**
 * Kernels for eigenpairs of a symmetric tridiagonal matrix, float64; eigen.ts drives them.
 *
 * Entry i of `diagonal` is T(i, i), entry i >= 1 of `offDiagonal` is T(i, i - 1).
 */

/**
 * Eigenvalues above x: those that Sturm's sequence counts, from the signs of the pivots of T - x
 * (Barth, Martin and Wilkinson 1967).
 * @param smallest magnitude that replaces a smaller pivot
 */
export function countAbove(diagonal: usize, offDiagonal: usize, n: u32, x: f64, smallest: f64): u32 {
  let count: u32 = 0;
  let pivot: f64 = 1;
  for (let i: u32 = 0; i < n; i++) {
    const at = i << 3;
    const e = i == 0 ? 0 : load<f64>(offDiagonal + at);
    pivot = load<f64>(diagonal + at) - x - (e * e) / pivot;
    if (abs(pivot) < smallest) pivot = -smallest;
    if (pivot > 0) count++;
  }
  return count;
}

/**
 * Factorises T - x = P L U with partial pivoting: U has three diagonals, and a multiplier with a flag (was the
 * row exchanged) says what each step did.
 * @param factors [5 n], overwritten: pivots, first and second superdiagonal, multipliers, exchanged
 * @param smallest magnitude that replaces a smaller pivot, since T - x is nearly singular by intent
 */
export function factorise(
  diagonal: usize,
  offDiagonal: usize,
  n: u32,
  x: f64,
  smallest: f64,
  factors: usize,
): void {
  const bytes = n << 3;
  let pivot = load<f64>(diagonal) - x;
  let next: f64 = n > 1 ? load<f64>(offDiagonal, 8) : 0; // right of the pivot
  for (let i: u32 = 0; i < n; i++) {
    const at = factors + (i << 3);
    const isLast = i == n - 1;
    const below: f64 = isLast ? 0 : load<f64>(offDiagonal + ((i + 1) << 3));
    const diagonalBelow: f64 = isLast ? 0 : load<f64>(diagonal + ((i + 1) << 3)) - x;
    const afterBelow: f64 = i + 2 < n ? load<f64>(offDiagonal + ((i + 2) << 3)) : 0;
    const isExchanged = abs(below) > abs(pivot);
    if (isExchanged) {
      const multiplier = pivot / below;
      store<f64>(at, below);
      store<f64>(at + bytes, diagonalBelow);
      store<f64>(at + 2 * bytes, afterBelow);
      store<f64>(at + 3 * bytes, multiplier);
      pivot = next - multiplier * diagonalBelow;
      next = -multiplier * afterBelow;
    } else {
      if (abs(pivot) < smallest) pivot = pivot < 0 ? -smallest : smallest;
      const multiplier = below / pivot;
      store<f64>(at, pivot);
      store<f64>(at + bytes, next);
      store<f64>(at + 2 * bytes, 0);
      store<f64>(at + 3 * bytes, multiplier);
      pivot = diagonalBelow - multiplier * next;
      next = afterBelow;
    }
    store<f64>(at + 4 * bytes, isExchanged ? 1 : 0);
  }
}

/** Solves (T - x) z = b in place, up to a positive factor: a solution that grows too large is scaled down. */
export function solve(factors: usize, n: u32, b: usize): void {
  const bytes = n << 3;
  for (let i: u32 = 0; i + 1 < n; i++) {
    const at = factors + (i << 3);
    const here = b + (i << 3);
    const value = load<f64>(here);
    const below = load<f64>(here, 8);
    const multiplier = load<f64>(at + 3 * bytes);
    const isExchanged = load<f64>(at + 4 * bytes) != 0;
    store<f64>(here, isExchanged ? below : value);
    store<f64>(here, isExchanged ? value - multiplier * below : below - multiplier * value, 8);
  }
  let first: f64 = 0;
  let second: f64 = 0;
  for (let i: i32 = n - 1; i >= 0; i--) {
    const at = factors + (i << 3);
    const here = b + (i << 3);
    const value = load<f64>(here) - load<f64>(at + bytes) * first - load<f64>(at + 2 * bytes) * second;
    second = first;
    first = value / load<f64>(at);
    store<f64>(here, first);
    if (abs(first) > 1e100) {
      multiply(b, n, 1e-100);
      first *= 1e-100;
      second *= 1e-100;
    }
  }
}

/** |(T - x) z| */
export function residual(diagonal: usize, offDiagonal: usize, n: u32, x: f64, z: usize): f64 {
  let sum: f64 = 0;
  let before: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = i << 3;
    const value = load<f64>(z + at);
    const left: f64 = i == 0 ? 0 : load<f64>(offDiagonal + at) * before;
    const right: f64 = i + 1 == n ? 0 : load<f64>(offDiagonal + at, 8) * load<f64>(z + at, 8);
    const entry = left + (load<f64>(diagonal + at) - x) * value + right;
    sum += entry * entry;
    before = value;
  }
  return sqrt(sum);
}

/** Brings a vector to length 1. @returns its length before */
export function normalise(z: usize, n: u32): f64 {
  let largest: f64 = 0;
  for (let i: u32 = 0; i < n; i++) largest = max(largest, abs(load<f64>(z + (i << 3))));
  if (!(largest > 0)) return largest;
  multiply(z, n, 1 / largest);
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const value = load<f64>(z + (i << 3));
    sum += value * value;
  }
  multiply(z, n, 1 / sqrt(sum));
  return largest * sqrt(sum);
}

function multiply(z: usize, n: u32, factor: f64): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = z + (i << 3);
    store<f64>(at, load<f64>(at) * factor);
  }
}
