/** Of a process that another one of ours started, with a channel between them: see child.ts. */

/** Calls back once the parent is gone, whatever its death was and even if it came before we looked. */
export function whenParentIsGone(callback: () => void): void {
  if (process.connected === undefined) return; // started by hand
  if (process.connected) process.once('disconnect', callback);
  else callback();
}
