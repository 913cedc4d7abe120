/**
 * JSON that loses no number: NaN, the infinities and -0 stand in it as strings, and come back as numbers.
 *
 * JSON itself turns the first three into null and the last into 0, and a run that went wrong is exactly the one
 * whose numbers somebody reads. Only for records whose strings are never one of these four words.
 */

const words: Readonly<Record<string, number>> = {
  NaN: NaN,
  Infinity: Infinity,
  '-Infinity': -Infinity,
  '-0': -0,
};

/** Bit for bit what `decodeExact` gives back, but for the payload of a NaN. */
export function encodeExact(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'number') return part;
    if (Object.is(part, -0)) return '-0';
    return Number.isFinite(part) ? part : String(part);
  });
}

/** @throws SyntaxError where the text is not JSON */
export function decodeExact(text: string): unknown {
  return JSON.parse(text, (_key, part: unknown) =>
    typeof part === 'string' && Object.hasOwn(words, part) ? words[part] : part,
  );
}
