/**
 * One set-up at a time in one cache folder. The lock is a symbolic link whose target names its owner: it comes
 * into being with its content, others can wait for a live owner and take over from a dead one.
 *
 * An owner is its process id and the time the kernel started it: ids are used again, pairs are not. Everything
 * is built aside and renamed, so a lock wrongly taken would cost work, not correctness.
 */
import { mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { onInterrupt } from './process.mjs';
import { say } from './progress.mjs';

const POLL_MS = 200;

/**
 * Runs `work` as the only set-up in this cache.
 * @param {import('./paths.mjs').Paths} paths
 * @param {() => Promise<void>} work
 */
export async function withLock(paths, work) {
  const file = join(paths.cache, 'setup.lock');
  mkdirSync(paths.cache, { recursive: true });
  await acquire(file);
  const release = () => rmSync(file, { force: true });
  const forget = onInterrupt(release);
  try {
    // Only the owner builds, so whatever lies or runs here was left by a set-up that was killed.
    await endOrphan(paths);
    removeTemporary(paths);
    await work();
  } finally {
    removeTemporary(paths);
    forget();
    release();
  }
}

/** @param {import('./paths.mjs').Paths} paths */
const removeTemporary = (paths) => rmSync(join(paths.cache, 'tmp'), { recursive: true, force: true });

/**
 * Notes which program writes where the set-up's own folders do not reach, so that the next set-up can end it if
 * this one is killed: npm, which goes on by itself, and would fight over `node_modules` with its successor.
 * @param {import('./paths.mjs').Paths} paths
 * @param {number} pid
 * @returns {() => void} to call when it has ended
 */
export function noteChild(paths, pid) {
  const file = childFile(paths);
  mkdirSync(paths.cache, { recursive: true });
  rmSync(file, { force: true });
  const owner = ownerOf(pid);
  if (owner !== '') symlinkSync(owner, file); // else it has ended already
  return () => rmSync(file, { force: true });
}

/** @param {import('./paths.mjs').Paths} paths */
async function endOrphan(paths) {
  const orphan = readOwner(childFile(paths));
  if (orphan === null) return;
  // Elsewhere than on Linux the id alone names it, which may be another program's by now.
  while (process.platform === 'linux' && isAlive(orphan)) {
    process.kill(Number(orphan.split(' ')[0]), 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  rmSync(childFile(paths), { force: true });
}

/** @param {import('./paths.mjs').Paths} paths */
const childFile = (paths) => join(paths.cache, 'setup.child');

/** @param {string} file */
async function acquire(file) {
  const owner = ownerOf(process.pid);
  for (let hasSaid = false; ;) {
    try {
      symlinkSync(owner, file);
      return;
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    }
    const other = readOwner(file);
    if (other === null) continue; // released just now
    if (!isAlive(other)) {
      takeAway(file, other);
      continue;
    }
    if (!hasSaid) say(`waiting for the set-up that process ${other.split(' ')[0]} is doing`);
    hasSaid = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Removes a dead owner's lock. Another waiter may have done so, and hold the lock, since we looked: then what
 * we moved away is theirs, and goes back.
 * @param {string} file
 * @param {string} deadOwner
 */
function takeAway(file, deadOwner) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    const owner = readOwner(aside);
    if (owner !== null && owner !== deadOwner) symlinkSync(owner, file);
  } catch {
    // The lock changed hands under us: the next look decides.
  }
  rmSync(aside, { force: true });
}

/** @param {string} file */
function readOwner(file) {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}

/** @param {string} owner */
function isAlive(owner) {
  return ownerOf(Number(owner.split(' ')[0])) === owner;
}

/**
 * @param {number} pid
 * @returns {string} `pid start-time`; an empty string when no such process runs
 */
function ownerOf(pid) {
  try {
    if (process.platform !== 'linux') {
      process.kill(pid, 0);
      return `${pid} -`;
    }
    // Fields 3 and 22 of proc(5)'s stat; the name in field 2 may hold spaces, so count after its closing bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : `${pid} ${fields[19]}`; // a dead one that nobody has waited for
  } catch {
    return '';
  }
}
