/** Words of a command line without some of its flags. */

/**
 * @param valued flags with a value, to be left out with it
 * @param switches flags without one
 */
export function withoutFlags(
  words: readonly string[],
  valued: readonly string[],
  switches: readonly string[],
): string[] {
  const kept: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const [, name = '', attached] = /^--([^=]+)(=.*)?$/s.exec(word) ?? [];
    if (switches.includes(name)) continue;
    if (!valued.includes(name)) kept.push(word);
    else if (attached === undefined) index += 1;
  }
  return kept;
}
