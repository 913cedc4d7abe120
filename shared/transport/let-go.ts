/**
 * Frees the memory of bytes now, not when the garbage collector comes by.
 *
 * A received message lies outside of JavaScript's heap, but counts: after 64 MiB of them V8 marks and sweeps the
 * whole heap, a dozen times an exchange. Transferring a buffer to one of length 0 gives its memory back at once.
 * Node 20 has the method behind a flag of V8 that a new context heeds.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const largeBytes = 1 << 16; // smaller parts are not worth it
const mostFreeingBytes = 1 << 24;

type Transfer = (this: ArrayBufferLike, byteLength: number) => ArrayBufferLike;

let transfer: Transfer | null = null;

/** The bytes, and whatever shares their buffer, are empty from now on. */
export function letGo(bytes: Uint8Array): void {
  transfer ??= findTransfer();
  transfer.call(bytes.buffer, 0);
}

/**
 * Lets go of the large parts of messages, once they were heard or nobody wanted to hear them.
 *
 * The memory itself comes free in a turn of the event loop. Where message follows message there would be none, so
 * every few of the large ones one is waited for.
 *
 * @param nextTurn resolves after the event loop went round
 */
export function createLettingGo(
  nextTurn: () => Promise<unknown>,
): (frames: readonly Uint8Array[]) => Promise<void> {
  let freeingBytes = 0;
  return async (frames) => {
    for (const part of frames) {
      if (part.byteLength < largeBytes) continue;
      freeingBytes += part.byteLength;
      letGo(part);
    }
    if (freeingBytes < mostFreeingBytes) return;
    freeingBytes = 0;
    await nextTurn();
  };
}

function findTransfer(): Transfer {
  const method = (ArrayBuffer.prototype as { readonly transfer?: Transfer }).transfer;
  if (method !== undefined) return method;
  setFlagsFromString('--harmony-rab-gsab-transfer');
  return runInNewContext('ArrayBuffer.prototype.transfer') as Transfer;
}
