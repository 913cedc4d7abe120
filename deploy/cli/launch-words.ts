/**
 * `lockstep launch -H box1:4 train --seed 2` is two command lines in one: the flags of launch, then a command that
 * it carries out elsewhere, with flags of its own.
 */

/** Flags of launch that take no value. */
export const launchSwitches: readonly string[] = [
  'help',
  'version',
  'copy-data',
  'stream-data',
  'slurm',
  'print',
];

/** @returns the words up to the inner command, and those from it on; all of them where it is no launch */
export function splitLaunch(words: readonly string[]): { own: string[]; inner: string[] } {
  if (words[0] !== 'launch') return { own: [...words], inner: [] };
  let at = 1;
  while (at < words.length && words[at]!.startsWith('-')) at += hasValueBehind(words[at]!) ? 2 : 1;
  return { own: words.slice(0, at), inner: words.slice(at) };
}

/** `--ssh VALUE`, `-H VALUE`; not `--ssh=VALUE`, `-HVALUE`, `--help`. */
function hasValueBehind(word: string): boolean {
  if (word.startsWith('--')) return !word.includes('=') && !launchSwitches.includes(word.slice(2));
  return word.length === 2 && word !== '-h';
}
