/** The sums that principal components are made from, in the plainest way: integers, one product at a time. */

/** @param rows [n, D] @returns [D * D + D]: of (x - 128)(x - 128)^T, then of x - 128; below 2^53 exact */
export function exactSums(rows: Uint8Array, featureCount: number): Float64Array {
  const sums = new Float64Array(featureCount * (featureCount + 1));
  for (let start = 0; start < rows.length; start += featureCount) {
    const row = Int16Array.from(rows.subarray(start, start + featureCount), (value) => value - 128);
    for (let i = 0; i < featureCount; i++) {
      for (let j = 0; j < featureCount; j++) sums[i * featureCount + j]! += row[i]! * row[j]!;
      sums[featureCount * featureCount + i]! += row[i]!;
    }
  }
  return sums;
}
