/**
 * The architecture and the house style, held against every file: floors, single owners, where time, randomness
 * and the process may be touched, sizes, headers. A failure says file, line and rule.
 *
 * Calls are found in the syntax tree, so that a comment or a string that speaks of one is none.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, resolve } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..');
const largestFile = 250; // lines
const sourceFolders = ['coordinator', 'deploy', 'shared', 'test', 'worker'];
const folders = [...sourceFolders, '.ci', '.git', '.github', 'docs'];

interface SourceFile {
  readonly path: string; // from the root, with forward slashes
  readonly text: string;
  readonly tree: ts.SourceFile;
}

interface Finding {
  readonly line: number; // 1-based
  readonly what: string;
}

const files = sourceFolders.flatMap((folder) => readSources(folder));
const programs = files.filter(({ path }) => !path.startsWith('test/') && !isAssembly(path));

function readSources(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => {
      const absolute = join(entry.parentPath, entry.name);
      const text = readFileSync(absolute, 'utf8');
      const path = relative(root, absolute).replaceAll('\\', '/');
      return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true) };
    });
}

/** AssemblyScript: another language with its own library. */
function isAssembly(path: string): boolean {
  return path.startsWith('shared/math/assembly/');
}

function check(rule: string, checked: readonly SourceFile[], find: (file: SourceFile) => readonly Finding[]) {
  test(rule, () => {
    const found = checked.flatMap((file) =>
      find(file).map(({ line, what }) => `${file.path}:${line} ${what}`),
    );
    assert.deepEqual(found, [], rule);
  });
}

const lineOf = ({ tree }: SourceFile, position: number): number =>
  tree.getLineAndCharacterOfPosition(position).line + 1;

/** What a file imports, resolved to a path from the root where it is one of ours. */
function importsOf(file: SourceFile): (Finding & { readonly target: string })[] {
  return ts.preProcessFile(file.text, true, true).importedFiles.map(({ fileName, pos }) => {
    const isOurs = fileName.startsWith('.');
    const target = isOurs ? posix.join(posix.dirname(file.path), fileName) : fileName.replace(/^node:/, '');
    return { line: lineOf(file, pos), what: `imports ${target}`, target };
  });
}

const floors: readonly (readonly [prefix: string, floor: number])[] = [
  ['shared/errors.ts', 0],
  ['shared/text.ts', 0],
  ['shared/math/', 0],
  ['shared/protocol/', 1],
  ['shared/transport/', 1],
  ['shared/data/', 1],
  ['shared/model/', 1],
  ['shared/runtime/', 2],
  ['coordinator/', 3],
  ['worker/', 3],
  ['deploy/', 4],
];

const floorOf = (path: string): number | undefined => floors.find(([prefix]) => path.startsWith(prefix))?.[1];

check('every program has its floor', programs, ({ path }) =>
  floorOf(path) === undefined ? [{ line: 1, what: 'is on no floor' }] : [],
);

check('a file imports only from its own floor or below', programs, (file) =>
  importsOf(file).filter(({ target }) => (floorOf(target) ?? 0) > (floorOf(file.path) ?? 0)),
);

check('coordinator and worker never import each other', programs, (file) =>
  importsOf(file).filter(
    ({ target }) =>
      (file.path.startsWith('coordinator/') && target.startsWith('worker/')) ||
      (file.path.startsWith('worker/') && target.startsWith('coordinator/')),
  ),
);

const owners: readonly (readonly [what: string, library: RegExp, owner: RegExp])[] = [
  ['zeromq', /^zeromq(\/|$)/, /^shared\/transport\/zeromq[^/]*\.ts$/],
  ['msgpackr', /^msgpackr(\/|$)/, /^shared\/protocol\/[^/]+\.ts$/],
  ['prom-client', /^prom-client(\/|$)/, /^shared\/runtime\/[^/]+\.ts$/],
  ['TensorFlow.js', /^@tensorflow\//, /^(worker|shared\/model)\//],
];

for (const [what, library, owner] of owners) {
  const uses = (file: SourceFile) => importsOf(file).filter(({ target }) => library.test(target));
  check(`${what} has one owner`, programs, (file) => (owner.test(file.path) ? [] : uses(file)));
  if (what !== 'msgpackr' && what !== 'prom-client') continue;
  test(`one file imports ${what}`, () => {
    const found = programs.filter((file) => uses(file).length > 0).map(({ path }) => path);
    assert.ok(found.length <= 1, `${found.join(', ')} import ${what}, expected one file`);
  });
}

/** Calls and reads of what belongs to somebody, with the names as they are written. */
const bans: readonly (readonly [rule: string, names: readonly string[], where: RegExp])[] = [
  [
    'only the clock tells time, set-up, which runs before there is one, and the page, which runs in a browser',
    ['Date.now', 'new Date', 'performance.now', 'setTimeout', 'setInterval'],
    /^(shared\/runtime\/clock\.ts|deploy\/setup\/|coordinator\/page\/)/,
  ],
  ['randomness comes from counters', ['Math.random'], /^$/],
  ['only the command prints', ['console.log', 'console.error', 'console.warn', 'console.info'], /^deploy\//],
  [
    'environment and command line belong to the mains, and to runtimes that are told through them',
    ['process.env', 'process.argv'],
    /^(deploy\/|coordinator\/main\.ts|worker\/main\.ts|shared\/model\/runtimes(\/|\.ts))/,
  ],
];

for (const [rule, names, where] of bans) {
  check(rule, programs, (file) =>
    where.test(file.path) ? [] : usesOf(file).filter(({ what }) => names.includes(what)),
  );
}

function usesOf(file: SourceFile): Finding[] {
  const found: Finding[] = [];
  const add = (node: ts.Node, what: string): void => {
    found.push({ line: lineOf(file, node.getStart(file.tree)), what });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) add(node, node.getText(file.tree).replace(/^globalThis\./, ''));
    else if (ts.isNewExpression(node) && !node.arguments?.length)
      add(node, `new ${node.expression.getText(file.tree)}`);
    else if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) add(node, node.expression.text);
    ts.forEachChild(node, visit);
  };
  visit(file.tree);
  return found;
}

check(`a file has at most ${largestFile} lines`, files, ({ text }) => {
  const lines = text.split('\n').length - 1;
  return lines > largestFile ? [{ line: lines, what: `has ${lines} lines` }] : [];
});

const named = files.filter(({ path }) => !path.endsWith('.test.ts')); // a test is about the file of its path

check('a file opens with what it is about', named, ({ text }) =>
  /^(#!.*\n)?(\/\*\*|\/\/)/.test(text) ? [] : [{ line: 1, what: 'does not open with a comment' }],
);

check('nothing is left to do', files, (file) =>
  [...file.text.matchAll(/^\s*(?:\/\/|\/?\*).*\b(TODO|FIXME)\b/gm)].map(({ 1: what = '', index }) => ({
    line: lineOf(file, index),
    what,
  })),
);

test('there are no other top-level folders', () => {
  const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n');
  const others = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !folders.includes(entry.name))
    .map(({ name }) => `${name}/`)
    .filter((name) => !ignored.includes(name));
  assert.deepEqual(others, []);
});
