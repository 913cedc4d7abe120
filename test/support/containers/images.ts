/**
 * Images without a registry: the base is made of this machine's own Node and what it needs, and what a package
 * manager would install is taken from this clone. The Dockerfile is the real one; its arguments name these images.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { packRelease } from '../packed.ts';
import type { Engine } from './engine.ts';

const root = resolve(import.meta.dirname, '../../..');

/** What the Dockerfile, its scripts and lockstep itself start. */
const programs = 'sh env chown chmod cp mkdir ln cat grep flock id sleep test tini'.split(' ');

export const testImage = 'lockstep:test';

/** Builds `testImage`, whose workers compute on WebAssembly, in a few seconds. */
export function buildTestImage(engine: Engine, folder: string): void {
  const [base, installed] = ['base', 'installed'].map((name) => mkdtempSync(join(folder, name)));
  layOutBase(base!, programs);
  engine.importImage('lockstep-test-base', ['tar', '-c', '-C', base!, '.']);
  engine.importImage('lockstep-test-installed', layOutRelease(installed!));
  buildImage(engine, testImage, 'cpu', { BASE: 'lockstep-test-base', CPU: 'lockstep-test-installed' });
}

/** Debian's Prometheus, to be started as the image of its makers is; with Node, for a look at it from inside. */
export function importPrometheus(engine: Engine, name: string, folder: string): void {
  layOutBase(folder, ['sh', 'prometheus']);
  const prometheus = '/bin/prometheus';
  engine.importImage(name, ['tar', '-c', '-C', folder, '.'], `ENTRYPOINT ["${prometheus}"]`);
}

/** `docker build` of the real Dockerfile. */
export function buildImage(
  engine: Engine,
  name: string,
  target: 'cpu' | 'cuda',
  values: Readonly<Record<string, string>>,
  ...words: readonly string[]
): void {
  const buildArguments = Object.entries(values).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  const file = ['-f', 'deploy/container/Dockerfile', '--target', target, '-t', name];
  engine.docker(['build', ...file, ...buildArguments, ...words, '.'], { cwd: root });
}

/** What a distribution's image has, and apt-get would add: a compiler, Python with pip, npm; and how to reach registries. */
const wholePaths = (
  'bin lib lib64 usr/bin usr/include usr/lib64 usr/lib/gcc usr/lib/x86_64-linux-gnu usr/lib/python3 ' +
  'usr/lib/python3.11 usr/etc usr/share/ca-certificates etc/alternatives etc/group etc/ld.so.cache etc/passwd ' +
  'etc/pip.conf etc/ssl'
).split(' ');

/** Imports a base that the whole Dockerfile can be built on, of this machine's Debian and its configuration. */
export function importWholeBase(engine: Engine, name: string, folder: string): void {
  mkdirSync(join(folder, 'tmp'));
  chmodSync(join(folder, 'tmp'), 0o1777);
  const npm = dirname(dirname(realpathSync('/usr/bin/npm'))).slice(1);
  const paths = [...wholePaths, npm].filter((path) => existsSync(`/${path}`));
  engine.importImage(name, ['tar', '-c', '-C', folder, 'tmp', '-C', '/', ...paths]);
}

/** A root file system with Node, a few programs of /usr/bin, and the libraries that they are linked to. */
function layOutBase(folder: string, programs: readonly string[]): void {
  for (const name of ['usr/bin', 'usr/lib', 'usr/lib64', 'etc', 'tmp', 'proc', 'sys', 'dev', 'run'])
    mkdirSync(join(folder, name), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(folder, name));
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\n');
  const paths = programs.map((name) => realpathSync(`/usr/bin/${name}`));
  const files = programs.map((name, i) => [paths[i]!, `usr/bin/${name}`] as const);
  const libraries = librariesOf([...paths, process.execPath]).map(
    (path) => [path, path.replace(/^\/(?!usr\/)/, 'usr/').replace(/^\//, '')] as const,
  );
  for (const [from, to] of [...files, [process.execPath, 'usr/bin/node'] as const, ...libraries]) {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    copyFileSync(realpathSync(from), join(folder, to));
  }
}

/** @returns absolute paths, as the loader finds them */
function librariesOf(paths: readonly string[]): string[] {
  const { stdout } = spawnSync('ldd', paths, { encoding: 'utf8' });
  return [...new Set(Array.from(stdout.matchAll(/(?:^|\s)(\/\S*\.so\S*) \(/gm), (match) => match[1]!))];
}

interface Locked {
  readonly packages: Readonly<Record<string, { dev?: boolean; optional?: boolean; peer?: boolean }>>;
}

/** @returns the command that writes /opt/lockstep as npm would install it, without what is optional */
function layOutRelease(folder: string): string[] {
  const place = join(folder, 'opt/lockstep/node_modules');
  mkdirSync(join(place, 'lockstep'), { recursive: true });
  mkdirSync(join(place, '.bin'));
  const archive = packRelease(join(folder, 'packed'));
  spawnSync('tar', ['-xzf', archive, '--strip-components=1', '-C', join(place, 'lockstep')]);
  chmodSync(join(place, 'lockstep/deploy/bin.mjs'), 0o755); // as npm does with commands
  writeFileSync(join(folder, 'opt/lockstep/package.json'), '{"private": true}');
  symlinkSync('../lockstep/deploy/bin.mjs', join(place, '.bin/lockstep'));
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Locked;
  const needed = Object.entries(packages)
    .filter(([path, { dev, optional, peer }]) => path !== '' && !dev && !optional && !peer)
    .map(([path]) => path)
    .filter((path) => path.lastIndexOf('node_modules/') === 0); // a folder brings those inside
  const moved = '--transform=s,^node_modules,opt/lockstep/node_modules,S';
  return ['tar', '-c', '-C', folder, 'opt', moved, '-C', root, ...needed];
}
