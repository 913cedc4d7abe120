/**
 * Large payloads between two processes of one machine, by way of memory that both reach.
 *
 * The sender copies a payload onto its shelf, a file in memory that has no name, and sends where it lies; the
 * receiver copies it off, and says so. That is two copies, where a socket takes four and fresh memory for each
 * message. The file is written and read, never mapped: where memory ends, a write fails, and the payload goes
 * through the socket instead. Nothing is left behind by a process that is killed, since only the descriptors of
 * the two hold the file.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createKernels } from '../math/kernels.ts';

/** Where a payload lies: bytes of the file. */
export interface Spot {
  readonly offset: number;
  readonly byteLength: number;
}

export interface Shelf {
  /** Tells another process how to reach it, and proves that it is this one that it reached. */
  readonly address: string;
  /** Copies a payload onto the shelf, once for all who read it. @returns null when there is no room for it */
  put(payload: Uint8Array): Spot | null;
  /** One of those for whom a payload was put here has no more use of it. */
  free(offset: number): void;
  close(): void;
}

/** The other side. */
export interface ShelfReader {
  /** @returns a view that is valid until the next one; null for a spot that is none */
  take(spot: Spot): Uint8Array | null;
  close(): void;
}

/** A payload that lies on the shelf. */
interface Slot {
  payload: WeakRef<Uint8Array> | null; // which one; null when the slot is free
  byteLength: number;
  readers: number;
}

const folder = '/dev/shm';
const secretBytes = 16;
const firstSlotAt = 4096; // behind the secret
const slotCount = 32;
const withoutMemory = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']); // of the folder
const addressPattern = /^(\/proc\/[1-9][0-9]{0,9}\/fd\/[0-9]{1,9}) ([0-9a-f]{32})$/;

/** @returns null where there is no such memory. @param payloadBytes the largest */
export function createShelf(payloadBytes: number): Shelf | null {
  const file = createUnnamed();
  if (file === null) return null;
  const secret = randomBytes(secretBytes);
  writeSync(file, secret, 0, secretBytes, 0);
  const slotBytes = Math.ceil(payloadBytes / 4096) * 4096;
  const offsetOf = (index: number): number => firstSlotAt + index * slotBytes;
  const slots: Slot[] = [];

  /** The lowest one, so that no more of the file is touched than was ever needed at once. */
  function freeSlot(): number | null {
    const free = slots.findIndex(({ readers }) => readers === 0);
    if (free >= 0) return free;
    if (slots.length === slotCount) return null;
    return slots.push({ payload: null, byteLength: 0, readers: 0 }) - 1;
  }

  return {
    address: `/proc/${process.pid}/fd/${file} ${secret.toString('hex')}`,
    put(payload) {
      if (payload.byteLength > payloadBytes) return null;
      const known = slots.findIndex((slot) => slot.readers > 0 && slot.payload?.deref() === payload);
      const index = known >= 0 ? known : freeSlot();
      if (index === null) return null;
      const slot = slots[index]!;
      if (known < 0) {
        if (!writeWhole(file, payload, offsetOf(index))) return null;
        slot.payload = new WeakRef(payload);
        slot.byteLength = payload.byteLength;
      }
      slot.readers += 1;
      return { offset: offsetOf(index), byteLength: slot.byteLength };
    },
    free(offset) {
      const slot = slots[(offset - firstSlotAt) / slotBytes];
      if (slot !== undefined && slot.readers > 0) slot.readers -= 1;
    },
    close: () => closeSync(file),
  };
}

/** @returns null when this is not a shelf, or not one of this machine and user */
export function openShelf(address: string, payloadBytes: number): ShelfReader | null {
  const [, path, secret] = addressPattern.exec(address) ?? [];
  if (path === undefined || secret === undefined) return null;
  const file = openOwn(path);
  if (file === null) return null;
  const found = Buffer.alloc(secretBytes);
  if (readSync(file, found, 0, secretBytes, 0) < secretBytes || found.toString('hex') !== secret) {
    closeSync(file);
    return null;
  }
  let landing: Uint8Array | null = null; // in the memory of kernels: its checksum is taken in place
  return {
    take({ offset, byteLength }) {
      if (byteLength > payloadBytes || !Number.isSafeInteger(offset) || offset < 0) return null; // a peer's word
      landing ??= createLanding(payloadBytes);
      const view = landing.subarray(0, byteLength);
      return readSync(file, view, 0, byteLength, offset) === byteLength ? view : null;
    },
    close: () => closeSync(file),
  };
}

/** A new file in memory, which is gone with its last descriptor. */
function createUnnamed(): number | null {
  const path = join(folder, `lockstep-${process.pid}-${randomBytes(8).toString('hex')}`);
  try {
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
    const file = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    unlinkSync(path);
    return file;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (withoutMemory.has(code)) return null; // payloads take the socket
    throw error;
  }
}

/** A file of this user that another process has open, and nothing else: no pipe, no device. */
function openOwn(path: string): number | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null; // another machine's, or another container's
  }
  const found = fstatSync(file);
  if (found.isFile() && found.uid === process.getuid?.()) return file;
  closeSync(file);
  return null;
}

/** @returns false where memory ends */
function writeWhole(file: number, payload: Uint8Array, offset: number): boolean {
  try {
    for (let written = 0; written < payload.byteLength;) {
      written += writeSync(file, payload, written, payload.byteLength - written, offset + written);
    }
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}

function createLanding(bytes: number): Uint8Array {
  const kernels = createKernels(bytes);
  return new Uint8Array(kernels.memory.buffer, kernels.allocate(bytes), bytes);
}
