/**
 * Where set-up puts things: in the clone's own `.lockstep/`, which git ignores, or under XDG's cache folder for
 * an installed package, whose folder belongs to npm.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Paths
 * @property {string} root the package's folder
 * @property {boolean} isClone whether this is a clone, and not a package that npm installed
 * @property {string} cache everything that set-up makes, but for node_modules
 * @property {NodeJS.ProcessEnv} environment
 */

/**
 * @param {NodeJS.ProcessEnv} [environment]
 * @param {string} [root]
 * @returns {Paths}
 */
export function findPaths(environment = process.env, root = packageRoot()) {
  // npm never packs a package-lock.json, so only a clone has one.
  const isClone = existsSync(join(root, 'package-lock.json'));
  const userCache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return {
    root,
    isClone,
    cache: isClone ? join(root, '.lockstep') : join(userCache, 'lockstep'),
    environment,
  };
}

/**
 * The folder of a package that Lockstep depends on, wherever npm has put it.
 * @param {Paths} paths
 * @param {string} name
 * @returns {string | null} null when it is not installed
 */
export function packageFolder(paths, name) {
  for (const folder of createRequire(join(paths.root, 'package.json')).resolve.paths(name) ?? []) {
    if (existsSync(join(folder, name, 'package.json'))) return join(folder, name);
  }
  return null;
}

/** This file is `deploy/setup/paths.mjs` in a clone and `dist/deploy/setup/paths.mjs` in an installed package. */
function packageRoot() {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
