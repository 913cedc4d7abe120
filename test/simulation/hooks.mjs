/** Runs beside the loader of TypeScript: edits the text of files on their way to it. */
import { readFile } from 'node:fs/promises';

/** @type {readonly import('./edits.mjs').Edit[]} */
let edits = [];

/** @param {readonly import('./edits.mjs').Edit[]} given */
export function initialize(given) {
  edits = given;
}

/**
 * @param {string} url
 * @param {import('node:module').LoadHookContext} context
 * @param {(url: string, context: import('node:module').LoadHookContext) => Promise<import('node:module').LoadFnOutput>} nextLoad
 */
export async function load(url, context, nextLoad) {
  const path = url.replace(/\?.*$/, '');
  const mine = edits.filter(({ file }) => path.endsWith(`/${file}`));
  if (mine.length === 0) return nextLoad(url, context);
  let source = await readFile(new URL(path), 'utf8');
  for (const { file, from, to } of mine) {
    if (source.split(from).length !== 2)
      throw new Error(`${file} does not hold ${from} once: mend edits.mjs`);
    source = source.replace(from, () => to);
  }
  return { format: context.format ?? 'module', source, shortCircuit: true };
}
