/**
 * npm's packages, exactly as package-lock.json names them and with no install script run: one of those would
 * fetch a TensorFlow of its own, and fail the whole installation where it cannot.
 *
 * Whether they are all there is npm's own record: it writes `node_modules/.package-lock.json` last, and removes
 * it first, so an installation that was interrupted has none and is done again.
 */
import { existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isOnPath, run, SetupError } from './process.mjs';
import { withProgress } from './progress.mjs';

/** @typedef {import('./paths.mjs').Paths} Paths */
/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage */

/**
 * @param {Paths} paths
 * @returns {boolean} whether node_modules holds what the lock names
 */
export function packagesMatch({ root }) {
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  const locked = readLock(join(root, 'package-lock.json'));
  if (!installed || !locked) return false;
  return Object.entries(locked).every(([folder, wanted]) => {
    if (folder === '') return true; // the clone itself
    const found = installed[folder];
    // Optional packages of other systems are in the lock only.
    if (!found) return wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/**
 * @param {Paths} paths
 * @throws {SetupError} when npm is missing or fails
 */
export async function installPackages({ root, environment }) {
  if (!isOnPath('npm', environment)) {
    throw new SetupError('npm is not on the PATH: install it together with Node (https://nodejs.org)', 69);
  }
  const offline = environment['LOCKSTEP_OFFLINE'] === '1';
  const args = [
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--include=dev',
    ...(offline ? ['--offline'] : []),
  ];
  const { ok, output } = await withProgress("installing npm's packages", () =>
    run('npm', args, { cwd: root, environment }),
  );
  if (!ok) throw npmFailure(output, offline);
}

const binTarget = join('..', '..', 'deploy', 'lockstep.mjs');

/**
 * `npx lockstep` runs what lies in node_modules/.bin, where npm links the commands of dependencies only.
 * @param {Paths} paths
 */
export function binIsLinked({ root }) {
  try {
    return readlinkSync(join(root, 'node_modules', '.bin', 'lockstep')) === binTarget;
  } catch {
    return false; // no such link
  }
}

/** @param {Paths} paths */
export function linkBin({ root }) {
  const folder = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  replaceLink(binTarget, join(folder, 'lockstep'));
}

/**
 * Makes or moves a symbolic link in one step, so that nobody ever finds none.
 * @param {string} target
 * @param {string} link
 */
export function replaceLink(target, link) {
  const aside = `${link}.${process.pid}`;
  rmSync(aside, { force: true });
  symlinkSync(target, aside);
  renameSync(aside, link);
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage> | null}
 */
function readLock(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
  } catch {
    return null; // cut short: the same as none
  }
}

/**
 * @param {string} output
 * @param {boolean} offline
 */
function npmFailure(output, offline) {
  if (/ENOSPC|no space left/i.test(output)) {
    return new SetupError(
      "the disk is full: free some space (npm's packages take 700 MB) and run it again",
      1,
    );
  }
  if (offline && /ENOTCACHED/.test(output)) {
    return new SetupError(
      "npm's cache lacks packages and LOCKSTEP_OFFLINE=1 forbids fetching them: run it once without",
      69,
    );
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(output)) {
    return new SetupError(
      "npm's registry cannot be reached: check the network (`npm ping`) and run it again",
      69,
    );
  }
  const lines = output.split('\n').filter((line) => /^npm (error|ERR!)/.test(line));
  const why = (lines[0] ?? output.trim().split('\n').at(-1) ?? '').replace(/^npm (error|ERR!) */, '');
  return new SetupError(`npm ci failed (${why}): run \`npm ci --ignore-scripts\` to see all it says`, 1);
}
