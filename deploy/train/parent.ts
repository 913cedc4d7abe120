/** Of a process that another one of ours started, with a channel between them: see child.ts. */

/** What the parent of a coordinator tells it when no worker is left that would work again. */
export const desertion = 'no worker is left';

/** Calls back once the parent is gone, whatever its death was and even if it came before we looked. */
export function whenParentIsGone(callback: () => void): void {
  if (process.connected === undefined) return; // started by hand
  if (process.connected) process.once('disconnect', callback);
  else callback();
}
