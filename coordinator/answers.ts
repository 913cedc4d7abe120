/** What workers say: of nodes that they computed, the first answer counts, others are kept to compare; of the model. */
import { ProtocolError } from '../shared/errors.ts';
import { nodeKey } from '../shared/math/tree.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Dealing } from './dealing.ts';
import { counted, type Effect } from './effects.ts';
import type { Members } from './members.ts';
import type { Answer } from './requests.ts';
import type { Stores } from './stores.ts';
import { partOf, type NodeMessage, type Part } from './task.ts';

/**
 * @returns the node's part with the answer in it; null when it was stale, or said once more
 * @throws ProtocolError (`unasked`) when the worker was not dealt the node
 */
export function takeNode(
  dealing: Dealing,
  stores: Stores,
  peer: PeerId,
  message: NodeMessage,
): { readonly part: Part | null; readonly effects: Effect[] } {
  const { task } = dealing;
  if (task === null || message.task !== task.id || message.attempt !== task.attempt)
    return { part: null, effects: [counted('stale', peer)] };
  const part = partOf(task, message);
  if (part === undefined || (part.worker !== peer && !part.others.has(peer))) {
    throw new ProtocolError('unasked', `computed node ${nodeKey(message)}, which was not dealt to it`);
  }
  if (part.answers.has(peer)) return { part: null, effects: [counted('duplicate', peer)] };
  part.answers.set(peer, message);
  const isFirst = part.result === null;
  part.result ??= message;
  const effects = isFirst || part.isCheck ? [] : [counted('duplicate', peer)];
  const isOfUse = !part.isCheck && part.worker !== peer && (isFirst || stores.owes(part.node));
  return { part, effects: isOfUse ? [...effects, ...dealing.prefer(part, peer)] : effects };
}

/** The model and what computes it, as soon as a worker is ready. */
export const modelAnswer = (members: Members): Answer => {
  const { backend } = members.ready()[0]!.fingerprint;
  return { kind: 'model', model: members.model!, backend };
};
