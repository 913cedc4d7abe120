/**
 * The native addon of tfjs-node-gpu: its C++ sources come with the npm package, and are compiled here against
 * whichever TensorFlow was found, with the few changes of patches.mjs. They call TensorFlow's stable C interface
 * only, so sources written for 2.9 work with any later release, and CUDA 12 and Hopper come along.
 *
 * npm wipes its packages whenever it installs, so the addon lives in the cache, as
 * `addon/<digest>/tfjs_binding.node`; `addon/current` names the one in use, and the package holds a link to that.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { replaceLink } from './packages.mjs';
import { patchSources, patchText } from './patches.mjs';
import { packageFolder } from './paths.mjs';
import { run, withTemporaryFolder } from './process.mjs';
import { withProgress } from './progress.mjs';

/** @typedef {import('./paths.mjs').Paths} Paths */
/**
 * A TensorFlow that was found or fetched.
 * @typedef {object} Library
 * @property {'cpu' | 'gpu' | 'user'} flavour
 * @property {string} folder absolute, or relative to the cache, so that a clone may be moved
 * @property {string} include folder of the headers, below `folder`
 * @property {string} lib folder of the shared libraries, below `folder`
 * @property {readonly string[]} files names of the libraries, all of which the addon links to
 */
/** @typedef {{ library: Library, identity: string, version: string }} AddonRecord */
/**
 * What lies under tfjs-node-gpu: an addon of ours, in place or not; the vendor's, seen to load or not; or none.
 * @typedef {{ kind: 'linked' | 'detached', record: AddonRecord } | { kind: 'vendor' | 'unverified' | 'missing' }} AddonState
 */

export const tensorflowPackage = '@tensorflow/tfjs-node-gpu';
const FILE = 'tfjs_binding.node';
const FLAGS = ['-O2', '-std=c++17', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'];

/**
 * @param {Paths} paths
 * @returns {AddonState}
 */
export function addonState(paths) {
  const place = addonPlace(paths);
  if (!place) return { kind: 'missing' };
  const record = currentRecord(paths);
  const entry = lstatSync(place, { throwIfNoEntry: false });
  if (entry?.isFile()) return { kind: existsSync(verifiedMark(place)) ? 'vendor' : 'unverified' };
  if (!record) return { kind: 'missing' };
  const isLinked = entry?.isSymbolicLink() && readlinkSync(place) === linkTarget(paths, place);
  return { kind: isLinked ? 'linked' : 'detached', record };
}

/**
 * Puts the addon in use back into the package, from which npm has wiped it.
 * @param {Paths} paths
 */
export function putAddonBack(paths) {
  const place = addonPlace(paths);
  if (!place) return;
  mkdirSync(dirname(place), { recursive: true });
  replaceLink(linkTarget(paths, place), place);
}

/**
 * Compiles the addon for a TensorFlow, sees it load, and takes it into use.
 * @param {Paths} paths
 * @param {Library} library
 * @param {string} compiler
 * @returns {Promise<string | null>} why it did not work, or null
 */
export async function installAddon(paths, library, compiler) {
  const identity = addonIdentity(paths, library);
  const folder = join(paths.cache, 'addon', identity);
  if (!existsSync(folder)) {
    const problem = await withTemporaryFolder(paths, async (temporary) => {
      const built = await compileAddon(paths, library, compiler, temporary);
      if (built.problem !== null) return built.problem;
      writeFileSync(
        join(temporary, 'addon.json'),
        JSON.stringify({ library, identity, version: built.version }),
      );
      mkdirSync(dirname(folder), { recursive: true });
      renameSync(temporary, folder);
      return null;
    });
    if (problem) return problem;
  }
  replaceLink(identity, join(paths.cache, 'addon', 'current'));
  putAddonBack(paths);
  return null;
}

/**
 * Loads the vendor's addon once, in a process of its own; one that loads is not tried again.
 * @param {Paths} paths
 * @returns {Promise<string | null>} why it does not load, or null
 */
export async function verifyVendorAddon(paths) {
  const place = addonPlace(paths);
  if (!place || !lstatSync(place, { throwIfNoEntry: false })?.isFile()) return 'it left no addon';
  const { version, problem } = await loadAddon(place);
  if (version) writeFileSync(verifiedMark(place), version);
  return problem;
}

/**
 * @param {Paths} paths
 * @param {Library} library
 * @param {string} compiler
 * @param {string} temporary emptied of everything but the addon
 * @returns {Promise<{ version: string, problem: null } | { version: null, problem: string }>}
 */
async function compileAddon(paths, library, compiler, temporary) {
  const sources = join(temporary, 'sources');
  cpSync(bindingFolder(paths), sources, { recursive: true });
  const patched = patchSources(sources);
  if (patched.problem !== null) return { version: null, problem: patched.problem };
  const folder = resolve(paths.cache, library.folder);
  const lib = join(folder, library.lib);
  const args = [
    ...FLAGS,
    ...[headersFolder(paths), join(folder, library.include)].map((include) => `-I${include}`),
    ...patched.files,
    '-o',
    join(temporary, FILE),
    `-L${lib}`,
    ...library.files.map((file) => `-l:${file}`),
    // From where the addon lies, two levels below the cache: a clone may be moved with everything in it.
    `-Wl,-rpath,${isAbsolute(library.folder) ? lib : `$ORIGIN/${relative(temporary, lib)}`}`,
  ];
  const compiled = await withProgress('compiling the TensorFlow addon', () => run(compiler, args));
  rmSync(sources, { recursive: true });
  if (!compiled.ok)
    return { version: null, problem: `the addon does not compile (${firstError(compiled.output)})` };
  return loadAddon(join(temporary, FILE));
}

/**
 * @param {string} file
 * @returns {Promise<{ version: string, problem: null } | { version: null, problem: string }>}
 */
async function loadAddon(file) {
  const script = 'console.log("version=" + require(process.argv[1]).TF_Version)';
  const environment = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', NODE_OPTIONS: '' };
  const { ok, output } = await run(process.execPath, ['-e', script, file], { environment });
  const version = /^version=(\S+)$/m.exec(output)?.[1];
  if (ok && version) return { version, problem: null };
  return { version: null, problem: `the addon does not load (${firstError(output)})` };
}

/**
 * @param {Paths} paths
 * @param {Library} library
 * @returns {string} digest of everything that the addon is made from
 */
export function addonIdentity(paths, library) {
  const hash = createHash('sha256').update(JSON.stringify([FLAGS, patchText(), library]));
  const binding = bindingFolder(paths);
  for (const name of readdirSync(binding).sort())
    hash.update(`\0${name}\0`).update(readFileSync(join(binding, name)));
  return hash.digest('hex').slice(0, 16);
}

/**
 * @param {Paths} paths
 * @returns {AddonRecord | null} of the addon in use, if it and its TensorFlow are whole and up to date
 */
function currentRecord(paths) {
  const folder = join(paths.cache, 'addon', 'current');
  if (!existsSync(join(folder, FILE)) || !existsSync(join(folder, 'addon.json'))) return null;
  /** @type {AddonRecord} */
  const record = JSON.parse(readFileSync(join(folder, 'addon.json'), 'utf8'));
  const { library } = record;
  const lib = resolve(paths.cache, library.folder, library.lib);
  const isWhole = library.files.every((file) => existsSync(join(lib, file)));
  return isWhole && record.identity === addonIdentity(paths, library) ? record : null;
}

/** @param {Paths} paths */
function addonPlace(paths) {
  const folder = packageFolder(paths, tensorflowPackage);
  return folder && join(folder, 'lib', 'napi-v8', FILE);
}

/**
 * @param {Paths} paths
 * @param {string} place
 */
function linkTarget(paths, place) {
  const addon = join(paths.cache, 'addon', 'current', FILE);
  return paths.isClone ? relative(dirname(place), addon) : addon;
}

/** @param {string} place */
const verifiedMark = (place) => join(dirname(place), 'seen-to-load');

/** @param {Paths} paths */
const bindingFolder = (paths) => join(packageFolder(paths, tensorflowPackage) ?? '', 'binding');

/** @param {Paths} paths */
const headersFolder = (paths) => join(packageFolder(paths, 'node-api-headers') ?? '', 'include');

/** @param {string} output */
function firstError(output) {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((text) => /error/i.test(text)) ?? lines[0] ?? 'no output';
  return line.trim().slice(0, 200);
}
