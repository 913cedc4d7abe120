/**
 * Matrix products that add up in a fixed order.
 *
 * For a few outputs of many terms each, such as a batch of pixels times a small basis, TensorFlow.js cuts the
 * sums among workgroups, which add up their parts by atomic operations: in the order in which they arrive, so
 * that the same product has other bits the next time. Here such a product is computed with small tiles instead,
 * each of them whole.
 */
import * as tf from '@tensorflow/tfjs-core';

const program = { ownChoice: -1, smallTiles: 2, largeTiles: 3 } as const; // TensorFlow.js's MatMulProgramType
const leastCutLength = 2000; // terms from which TensorFlow.js may cut a sum
const tileSide = 32; // outputs of a large tile
const fewTiles = 16; // that leave most of a GPU idle

let isDone = false;

/** Replaces the products of the backend webgpu; once a process. */
export function registerOrderedProducts(): void {
  if (isDone) return;
  isDone = true;
  for (const name of ['BatchMatMul', '_FusedMatMul']) {
    const stock = tf.getKernel(name, 'webgpu');
    if (stock === undefined) throw new Error(`TensorFlow.js has no kernel ${name} for webgpu`);
    tf.unregisterKernel(name, 'webgpu');
    tf.registerKernel({
      ...stock,
      kernelFunc(call) {
        const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
        const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
        tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', programFor(a.shape, b.shape, transposeA, transposeB));
        return stock.kernelFunc(call);
      },
    });
  }
}

/** Exported for tests. @param a [..., rows, terms], or transposed @param b [..., terms, columns], or transposed */
export function programFor(
  a: readonly number[],
  b: readonly number[],
  transposeA: boolean,
  transposeB: boolean,
): number {
  const [rows, terms] = (transposeA ? a.slice(-2).reverse() : a.slice(-2)) as [number, number];
  if (terms < leastCutLength) return program.ownChoice;
  const columns = b.at(transposeB ? -2 : -1)!;
  const tileCount = Math.ceil(rows / tileSide) * Math.ceil(columns / tileSide);
  return tileCount <= fewTiles ? program.smallTiles : program.largeTiles;
}
