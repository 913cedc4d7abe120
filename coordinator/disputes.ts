/**
 * Two workers of one kind that computed different values of one node: a device is broken, and nobody knows yet which.
 *
 *   agreed --answers differ, a third is there--> open: the others make the step anew, the node as it was
 *   open --a third's answer--> agreed, and the one whose answer differs is sent away
 *   agreed --answers differ, no third is there--> the run ends
 *
 * Answers are alike when every bit of their scalars is: among them is the sum of squares of the gradient in float64,
 * which nearly any wrong value changes. Where a node was given to two on purpose, there is a checksum, too.
 */
import { isDeepStrictEqual } from 'node:util';
import { exitCodes, runError } from '../shared/errors.ts';
import type { TreeNode } from '../shared/math/tree.ts';
import { nodeKey } from '../shared/math/tree.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Effect } from './effects.ts';
import type { Member, Members } from './members.ts';
import type { NodeMessage, Part } from './task.ts';

export interface Dispute {
  readonly node: TreeNode;
  readonly claims: readonly { readonly by: Member; readonly answer: NodeMessage }[]; // two, unlike
}

export interface Disputes {
  /** The open dispute: none of these workers is believed while it lasts. */
  readonly open: Dispute | null;
  /** The answers that contradict each other, when this one of a worker's does. */
  contradiction(part: Part, peer: PeerId): Dispute | null;
  /** @throws LockstepError where nobody is there to decide */
  begin(dispute: Dispute, what: string): Effect[];
  /** Its task is no more. */
  forget(): void;
  /** A third worker's answer to the node: sends the one away who was wrong. @throws LockstepError when both were */
  decide(answer: NodeMessage): Effect[];
}

export function createDisputes(members: Members): Disputes {
  let open: Dispute | null = null;
  let what = '';

  const name = ({ rank, host, fingerprint }: Member): string =>
    `rank ${rank} on ${host} (${fingerprint.device})`;
  const notice = (reason: string): Effect => ({ type: 'notice', notice: { kind: 'disagreed', reason } });

  const describe = ({ node, claims }: Dispute): string =>
    `${claims.map(({ by }) => name(by)).join(' and ')} computed different values for micro-batches ` +
    `${nodeKey(node)} of ${what}`;

  return {
    get open() {
      return open;
    },

    contradiction({ node, answers }, peer) {
      const [mine, by] = [answers.get(peer)!, members.get(peer)!];
      for (const [other, answer] of answers) {
        const witness = members.get(other);
        if (witness === undefined || other === peer || areAlike(answer, mine)) continue;
        if (!isDeepStrictEqual(witness.fingerprint, by.fingerprint)) continue; // unlike devices may differ
        return {
          node,
          claims: [
            { by: witness, answer },
            { by, answer: mine },
          ],
        };
      }
      return null;
    },

    begin(dispute, task) {
      [open, what] = [dispute, task];
      const suspects = new Set(dispute.claims.map(({ by }) => by.peer));
      if (members.ready().some(({ peer }) => !suspects.has(peer)))
        return [notice(`${describe(dispute)}: other workers decide who is right`)];
      throw runError(
        `${describe(dispute)}, and there is no third worker to decide: one of the devices is broken; ` +
          'the last checkpoint is kept: test their memory, and resume with one of them, or with three workers',
      );
    },

    forget: () => void (open = null),

    decide(answer) {
      if (open === null || nodeKey(open.node) !== nodeKey(answer)) return [];
      const wrong = open.claims.filter((claim) => !areAlike(claim.answer, answer));
      if (wrong.length > 1)
        throw runError(`${describe(open)}, and a third differs from both: test the memory of these devices`);
      open = null;
      return wrong.flatMap(({ by }): Effect[] => {
        const reason = `${name(by)} computed values that two others do not get: its device is broken`;
        const { peer } = by;
        if (members.get(peer) === undefined) return [notice(reason)];
        return [
          notice(reason),
          { type: 'send', peer, message: { type: 'refuse', reason, exitCode: exitCodes.runFailed } },
          { type: 'drop', peer, reason },
        ];
      });
    },
  };
}

/** Whether two answers are the same, in every bit. */
export function areAlike(a: NodeMessage, b: NodeMessage): boolean {
  const valuesOf = ({ sampleCount, terms, squares, nonFinite }: NodeMessage) => {
    return { sampleCount, terms, squares, nonFinite };
  };
  const checksums = [a.checksum, b.checksum].filter((sum) => sum !== undefined);
  return isDeepStrictEqual(valuesOf(a), valuesOf(b)) && new Set(checksums).size < 2;
}
