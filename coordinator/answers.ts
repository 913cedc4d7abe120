/** What workers say of the nodes that they computed: the first answer counts, a second one is compared with it. */
import { ProtocolError } from '../shared/errors.ts';
import { nodeKey } from '../shared/math/tree.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Dealing } from './dealing.ts';
import { counted, type Effect } from './effects.ts';
import type { Stores } from './stores.ts';
import { partOf, type NodeMessage } from './task.ts';

/** @throws ProtocolError (`unasked`) when the worker was not dealt the node */
export function takeNode(dealing: Dealing, stores: Stores, peer: PeerId, message: NodeMessage): Effect[] {
  const { task } = dealing;
  if (task === null || message.task !== task.id || message.attempt !== task.attempt)
    return [counted('stale', peer)];
  const part = partOf(task, message);
  if (part === undefined || (part.worker !== peer && !part.others.has(peer))) {
    throw new ProtocolError('unasked', `computed node ${nodeKey(message)}, which was not dealt to it`);
  }
  if (part.answers.has(peer)) return [counted('duplicate', peer)];
  part.answers.set(peer, message);
  const isFirst = part.result === null;
  part.result ??= message;
  const isOfUse = part.worker !== peer && (isFirst || stores.owes(part.node));
  return [...(isFirst ? [] : [counted('duplicate', peer)]), ...(isOfUse ? dealing.prefer(part, peer) : [])];
}
