/**
 * Room for the values of nodes: equal regions of one kernel memory, so that the add kernel reaches all.
 *
 * Memory is reserved, not touched: a region costs nothing until it is used. A task begins with all regions
 * free; what an older task still has on its way is not asked for any more.
 */
import { runError } from '../shared/errors.ts';
import { heldNodes } from '../shared/math/deal.ts';
import { createKernels } from '../shared/math/kernels.ts';
import type { TaskMessage } from './events.ts';
import { wide, type Rooms } from './node.ts';

const memoryLimitBytes = 2 ** 32 - 2 ** 16;

export interface TaskRooms extends Rooms {
  /** As wanted; memory may end before. */
  readonly roomCount: number;
  /** Frees every region. */
  reset(): void;
}

/**
 * @param length values in a region
 * @param roomCount regions that are wanted; fewer where memory ends, and taking one too many is an error
 */
export function createRooms(length: number, dtype: 'float32' | 'float64', roomCount: number): TaskRooms {
  const bytes = length * (dtype === 'float32' ? 4 : 8);
  const stride = bytes + 64; // alignment
  const count = Math.min(roomCount, Math.floor(memoryLimitBytes / stride));
  const kernels = createKernels(count * stride);
  const offsets = Array.from({ length: count }, () => kernels.allocate(bytes));
  let free = [...offsets];
  return {
    kernels,
    roomCount,
    view: (offset) =>
      dtype === 'float32' ? kernels.float32(offset, length) : kernels.float64(offset, length),
    take() {
      const offset = free.pop();
      if (offset !== undefined) return offset;
      const size = `${count} values of ${(bytes / 2 ** 20).toFixed(0)} MiB`;
      throw runError(`a worker holds no more than ${size}: raise --micro-batch-size, or add workers`);
    },
    free: (offset) => void free.push(offset),
    reset: () => void (free = [...offsets]),
  };
}

/** Which room is whose: gradients keep theirs from step to step while it is enough. */
export interface RoomKeeper {
  roomsOf(task: TaskMessage): TaskRooms;
  /** The same task may come again, on another connection. */
  forgetTask(): void;
  clear(): void;
}

export function createRoomKeeper(): RoomKeeper {
  const rooms = new Map<string, TaskRooms>();
  let lastTask: string | null = null;
  return {
    roomsOf(task) {
      const kind = task.spec.kind === 'gradient' ? 'gradient' : 'other';
      const name = `${task.task} ${task.attempt}`;
      const known = rooms.get(kind);
      if (known !== undefined && lastTask === name) return known;
      lastTask = name;
      const depth = Math.ceil(Math.log2(task.leafCount)) + 1;
      const roomCount = depth + heldNodes(task.nodes.length);
      if (kind === 'gradient' && known !== undefined && known.roomCount >= roomCount) {
        known.reset();
        return known;
      }
      const made = createRooms(task.resultLength, wide(task.spec) ? 'float64' : 'float32', roomCount);
      rooms.set(kind, made);
      return made;
    },
    forgetTask: () => void (lastTask = null),
    clear: () => rooms.clear(),
  };
}
