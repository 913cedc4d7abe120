/**
 * What the plan's model takes as given: how quick a device, a host and a link are. Every value was measured, by
 * the command that stands beside it; `bench scaling` measures the first five anew where it runs.
 */
export interface Rates {
  readonly sampleSeconds: number; // of a gradient, on one device
  /** How much slower CPU workers become beside each other than their share of the cores says; 1 on own devices. */
  readonly crowding: number;
  /** A gradient from a worker into the sum, both ends: on one box, over shared memory, and between two. */
  readonly upSecondsPerByte: Passing;
  readonly downSecondsPerByte: Passing; // parameters from the coordinator to a worker, likewise
  readonly updateSecondsPerParameter: number; // Adam
  readonly memoryBytesPerSecond: number; // a pass of a kernel, read and written
  readonly encryptedUpSecondsPerByte: number;
  readonly encryptedDownSecondsPerByte: number;
  readonly linkShare: number; // of a link's rate that payloads get over TCP
  readonly rooflineShare: number; // of a gradient's time that its matrix products take
}

export interface Passing {
  readonly local: number;
  readonly remote: number;
}

/** Where each came from: 2 cores of an AMD EPYC; see docs/performance.md. */
export const measured = {
  hostUp: {
    value: { local: 0.77e-9, remote: 0.77e-9 },
    command:
      'bench exchange --curve, in the clear (taken for one box too): the rest of the sum, over 4P bytes a worker',
  },
  hostDown: {
    value: { local: 0.76e-9, remote: 0.76e-9 },
    command:
      'bench exchange --curve, in the clear (taken for one box too): parameters to all workers, over 4P bytes a worker',
  },
  update: { value: 0.94e-9, command: 'bench exchange: Adam, over P' },
  memory: { value: 20e9, command: 'bench kernels: finish leaf, add' },
  /** Coordinator and workers shared 2 cores: where each side has cores of its own, it is less. */
  encryption: {
    value: 2.4,
    command: 'bench exchange --curve: the sum and the parameters with CURVE, over those in the clear',
  },
  linkShare: { value: 0.94, command: 'bench scaling --link-rate 1gbit,10gbit' },
  rooflineShare: { value: 0.93, command: 'bench step: share of the roofline' },
  threadGflops: { value: 107, command: 'bench step: rate of the products, one CPU thread' },
} as const;

/** @param sampleSeconds of a gradient on one device */
export const measuredRates = (sampleSeconds: number, crowding = 1): Rates => ({
  sampleSeconds,
  crowding,
  upSecondsPerByte: measured.hostUp.value,
  downSecondsPerByte: measured.hostDown.value,
  updateSecondsPerParameter: measured.update.value,
  memoryBytesPerSecond: measured.memory.value,
  encryptedUpSecondsPerByte: measured.encryption.value * measured.hostUp.value.remote,
  encryptedDownSecondsPerByte: measured.encryption.value * measured.hostDown.value.remote,
  linkShare: measured.linkShare.value,
  rooflineShare: measured.rooflineShare.value,
});
