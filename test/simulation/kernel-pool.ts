/**
 * Kernels that are used again, since a WebAssembly instance costs more than a small run. What was asked for counts
 * as used until `reclaim`; then it is zeroed and given to others.
 */
import { createKernels, type Kernels } from '../../shared/math/kernels.ts';

export interface KernelPool {
  /** @see createKernels */
  create(bytes: number): Kernels;
  /** Nobody uses what was created so far any more. */
  reclaim(): void;
}

interface Room {
  readonly kernels: Kernels;
  readonly start: number;
}

const roomBytes = 56 * 1024;
const alignmentBytes = 64;

export function createKernelPool(): KernelPool {
  const free: Room[] = [];
  const used: Room[] = [];

  function makeRoom(): Room {
    const kernels = createKernels(roomBytes);
    return { kernels, start: kernels.allocate(roomBytes) };
  }

  return {
    create(bytes) {
      if (bytes > roomBytes) return createKernels(bytes);
      const room = free.pop() ?? makeRoom();
      used.push(room);
      let end = room.start;
      return {
        ...room.kernels,
        allocate(count) {
          const offset = end;
          end += Math.ceil(count / alignmentBytes) * alignmentBytes;
          return offset;
        },
      };
    },
    reclaim() {
      for (const { kernels, start } of used) new Uint8Array(kernels.memory.buffer, start, roomBytes).fill(0);
      free.push(...used.splice(0));
    },
  };
}
