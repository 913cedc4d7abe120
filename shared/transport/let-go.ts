/**
 * Frees the memory of bytes now, not when the garbage collector comes by.
 *
 * A received message lies outside of JavaScript's heap, but counts: after 64 MiB of them V8 marks and sweeps the
 * whole heap, a dozen times an exchange. Transferring a buffer to one of length 0 gives its memory back at once.
 * Node 20 has the method behind a flag of V8 that a new context heeds.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Transfer = (this: ArrayBufferLike, byteLength: number) => ArrayBufferLike;

let transfer: Transfer | null = null;

/** The bytes, and whatever shares their buffer, are empty from now on. */
export function letGo(bytes: Uint8Array): void {
  transfer ??= findTransfer();
  transfer.call(bytes.buffer, 0);
}

function findTransfer(): Transfer {
  const method = (ArrayBuffer.prototype as { readonly transfer?: Transfer }).transfer;
  if (method !== undefined) return method;
  setFlagsFromString('--harmony-rab-gsab-transfer');
  return runInNewContext('ArrayBuffer.prototype.transfer') as Transfer;
}
