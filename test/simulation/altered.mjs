/** Loaded before the loader of TypeScript, so that what it compiles is the program with the simulation's edits. */
import { register } from 'node:module';
import { mutations, smallChunks } from './edits.mjs';

const at = process.argv.indexOf('--mutate');
const name = at < 0 ? null : (process.argv[at + 1] ?? '');
const mutation = name === null ? { edits: [] } : mutations[name];
if (mutation === undefined)
  throw new Error(`--mutate ${name}: expected one of ${Object.keys(mutations).join(', ')}`);
register('./hooks.mjs', import.meta.url, { data: [...smallChunks, ...mutation.edits] });
