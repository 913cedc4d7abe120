/**
 * TensorFlow's C libraries and headers out of its Python wheels, pinned by version and SHA-256 in
 * `requirements/`. pip fetches them, since it knows the user's index, mirror, proxy and cache; no Python is
 * needed afterwards, nor a Python of the wheel's version now.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wheelLibrary } from './library.mjs';
import { run, withTemporaryFolder } from './process.mjs';
import { folderBytes, withProgress } from './progress.mjs';

/** @typedef {import('./paths.mjs').Paths} Paths */
/** @typedef {import('./addon.mjs').Library} Library */

/** Bytes of the wheels, and of what is taken out of them. */
const sizes = {
  cpu: { downloadBytes: 274e6, unpackedBytes: 854e6 },
  gpu: { downloadBytes: 3.2e9, unpackedBytes: 5.5e9 },
};
const PYTHON_OF_THE_PINS = '3.11';
const RETRIES = '2';

/** A file of this folder, which in a packed release is another one than in a clone. @param {string} name */
const besideThis = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * @param {Paths} paths
 * @param {'cpu' | 'gpu'} flavour
 * @returns {Promise<{ library: Library, problem: null } | { library: null, problem: string }>}
 */
export async function fetchWheel(paths, flavour) {
  const unpacked = unpackedWheel(paths, flavour);
  if (unpacked) return { library: unpacked, problem: null };
  const { folder, requirements, version } = pins(flavour);
  return withTemporaryFolder(paths, async (temporary) => {
    const wheels = join(temporary, 'wheels');
    const target = join(temporary, 'target');
    const problem =
      (await download(paths, requirements, wheels, `TensorFlow ${version}`, flavour)) ??
      (await unpack(wheels, target, flavour));
    if (problem) return { library: null, problem };
    cpSync(requirements, join(target, 'requirements.txt'));
    rmSync(join(paths.cache, folder), { recursive: true, force: true });
    renameSync(target, join(paths.cache, folder));
    return { library: wheelLibrary(folder, flavour), problem: null };
  });
}

/**
 * @param {Paths} paths
 * @param {'cpu' | 'gpu'} flavour
 * @returns {Library | null} the TensorFlow of exactly these pins, if it was unpacked before
 */
export function unpackedWheel(paths, flavour) {
  const { folder, requirements } = pins(flavour);
  const record = join(paths.cache, folder, 'requirements.txt');
  if (!existsSync(requirements) || !existsSync(record)) return null;
  return readFileSync(record, 'utf8') === readFileSync(requirements, 'utf8')
    ? wheelLibrary(folder, flavour)
    : null;
}

/** @param {'cpu' | 'gpu'} flavour */
function pins(flavour) {
  const file = besideThis(`requirements/${flavour}-${process.arch}.txt`);
  const version = existsSync(file)
    ? (/^tensorflow(?:-cpu)?==(\S+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '')
    : '';
  return { folder: `tensorflow-${version}-${flavour}`, requirements: file, version };
}

/**
 * @param {Paths} paths
 * @param {string} requirements
 * @param {string} wheels folder to make and fill
 * @param {string} what
 * @param {'cpu' | 'gpu'} flavour
 * @returns {Promise<string | null>} why it failed, or null
 */
async function download(paths, requirements, wheels, what, flavour) {
  const args = ['-m', 'pip', 'download', '--requirement', requirements, '--require-hashes', '--no-deps'];
  args.push(
    '--only-binary=:all:',
    '--python-version',
    PYTHON_OF_THE_PINS,
    '--retries',
    RETRIES,
    '--dest',
    wheels,
  );
  args.push('--disable-pip-version-check', ...platformTags().flatMap((tag) => ['--platform', tag]));
  mkdirSync(wheels, { recursive: true });
  // pip downloads into TMPDIR first, which may be a small file system in memory.
  const environment = { ...paths.environment, TMPDIR: wheels };
  const { ok, output } = await withProgress(
    `downloading ${what}`,
    () => run('python3', args, { environment }),
    { totalBytes: sizes[flavour].downloadBytes, doneBytes: () => folderBytes(wheels) },
  );
  return ok ? null : pipFailure(output);
}

/**
 * @param {string} wheels
 * @param {string} target
 * @param {'cpu' | 'gpu'} flavour
 * @returns {Promise<string | null>} why it failed, or null
 */
async function unpack(wheels, target, flavour) {
  const script = besideThis('unpack.py');
  const files = readdirSync(wheels)
    .filter((name) => name.endsWith('.whl'))
    .map((name) => join(wheels, name));
  const { ok, output } = await withProgress(
    'unpacking it',
    () => run('python3', [script, target, ...files]),
    { totalBytes: sizes[flavour].unpackedBytes, doneBytes: () => folderBytes(target) },
  );
  if (ok) return null;
  return isDiskFull(output) ? 'the disk is full' : `a wheel could not be unpacked (${lastLine(output)})`;
}

/** Wheels for every glibc from 2.17 on run on a later one; pip wants each name. */
function platformTags() {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const oldest = 17;
  const newest = 28;
  const tags = Array.from({ length: newest - oldest + 1 }, (_, i) => `manylinux_2_${oldest + i}_${machine}`);
  return [...tags, `manylinux2014_${machine}`, ...(machine === 'x86_64' ? ['manylinux2010_x86_64'] : [])];
}

/** @param {string} output */
function pipFailure(output) {
  if (isDiskFull(output)) return 'the disk is full';
  if (/HASHES|do not match/i.test(output))
    return 'what the package index sent does not have the pinned SHA-256';
  if (
    /Connection|Timeout|Temporary failure|Name or service|ProxyError|No matching distribution/i.test(output)
  ) {
    return "Python's package index cannot be reached or lacks it";
  }
  return `pip failed (${lastLine(output)})`;
}

/** @param {string} output */
const isDiskFull = (output) => /No space left on device|ENOSPC/.test(output);

/** @param {string} output */
const lastLine = (output) => (output.trim().split('\n').at(-1) ?? '').slice(0, 200);
