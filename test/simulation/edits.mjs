/**
 * What the simulation changes in the program's text while it is loaded: chunks of sixteen values, so that a small
 * model has several; and, to show that a check matters, the program without it. An edit whose text is not found
 * is a failure, so that none goes stale in silence.
 *
 * A mutation is one line of the program changed; the simulation must find each.
 */

/**
 * @typedef {{ readonly file: string, readonly from: string, readonly to: string }} Edit
 * @typedef {{ readonly what: string, readonly edits: readonly Edit[] }} Mutation
 */

/** @type {readonly Edit[]} */
export const smallChunks = [
  { file: 'shared/math/layout.ts', from: 'chunkLength = 2 ** 20;', to: 'chunkLength = 16;' },
];

/** @type {Readonly<Record<string, Mutation>>} */
export const mutations = {
  epoch: {
    what: 'a frame of another incarnation is believed',
    edits: [
      {
        file: 'shared/protocol/frame.ts',
        from: 'if (epoch !== BigInt(expectation.epoch)) {',
        to: 'if (epoch < 0n) {',
      },
    ],
  },
  duplicate: {
    what: 'a chunk that is here already is summed once more',
    edits: [{ file: 'coordinator/sum.ts', from: 'if (state === arrived)', to: 'if (state === -1)' }],
  },
  checksum: {
    what: 'a payload is believed without its checksum',
    edits: [
      {
        file: 'shared/protocol/frame.ts',
        from: 'if (checksumOf(payload) !== view.getUint32(40, true)) {',
        to: 'if (checksumOf(payload) < 0) {',
      },
    ],
  },
  control: {
    what: 'a control message is believed without its checksum',
    edits: [
      {
        file: 'shared/protocol/control.ts',
        from: 'if (end > 0 && crc32(content) === view.getUint32(end, true)) return content;',
        to: 'if (end > 0) return content;',
      },
    ],
  },
  fence: {
    what: 'a coordinator writes to a folder that a newer one owns',
    edits: [{ file: 'coordinator/run/owner.ts', from: 'if (newest === incarnation) return;', to: 'return;' }],
  },
  task: {
    what: 'a chunk of a task that is not open is believed',
    edits: [
      {
        file: 'coordinator/cluster.ts',
        from: 'if (task === null || header.task !== task.id || header.attempt !== task.attempt) {',
        to: 'if (task === null) {',
      },
    ],
  },
  commit: {
    what: 'a reducer commits whenever it is told to',
    edits: [{ file: 'coordinator/reducers/machine.ts', from: 'if (!isWhole)', to: 'if (isWhole === null)' }],
  },
  reading: {
    what: 'a checkpoint is made of what a reducer said at another time',
    edits: [
      { file: 'coordinator/reducers/outer.ts', from: 'if (version !== readCount)', to: 'if (version < 0)' },
    ],
  },
};
