/**
 * The test suite: format, lint and types, then every `test/**` file named `*.test.ts` under node:test.
 *
 *   npm test                              everything
 *   npm test -- test/math/tree.test.ts    these files only, without the checks
 *
 * The files are listed one by one, since `node --test FOLDER` with tsx finds none on Node 20 and calls that a
 * success. LOCKSTEP_TEST_STRICT=1 makes a skipped test a failure, but for what a machine may lack for good (a
 * container engine that starts, IPv6). node's own summary comes last.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

const TEST_TIMEOUT_MS = 300_000;
const SLOW_TIMEOUT_MS = 1_800_000; // of `*.slow.ts`

const files = process.argv.slice(2);
const isWhole = files.length === 0;
const isStrict = process.env['LOCKSTEP_TEST_STRICT'] === '1';

const failedChecks = isWhole ? await check() : [];
const { failures, summary } = await test(isWhole ? listTests() : files);
const failed = [...failedChecks, ...failures];
if (failed.length > 0) {
  console.log(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
console.log(summary.join('\n'));

/** @returns {Promise<string[]>} names of the checks that failed, whose output is printed */
async function check() {
  const checks = [
    {
      name: 'format',
      args: ['prettier', '--check', '--log-level', 'warn', '**/*.{ts,mjs}', '*.json', '.oxlintrc.json'],
    },
    { name: 'lint', args: ['oxlint', '--format', 'unix'] },
    { name: 'types', args: ['tsc', '--noEmit'] },
  ];
  const results = await Promise.all(
    checks.map(async ({ name, args: [program = '', ...args] }) => {
      const { code, output } = await run(join('node_modules', '.bin', program), args, 'pipe');
      console.log(`${name}: ${code === 0 ? 'ok' : `failed\n${output.trim()}`}`);
      return code === 0 ? [] : [name];
    }),
  );
  return results.flat();
}

/**
 * @param {readonly string[]} paths
 * @returns {Promise<{ failures: string[], summary: string[] }>}
 */
async function test(paths) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  const tap = join(folder, 'tap');
  try {
    const timeoutMs = paths.some((path) => path.endsWith('.slow.ts')) ? SLOW_TIMEOUT_MS : TEST_TIMEOUT_MS;
    const args = ['--import', 'tsx', '--test', `--test-timeout=${timeoutMs}`];
    args.push(`--test-concurrency=${availableParallelism()}`);
    args.push('--test-reporter=spec', '--test-reporter-destination=stdout');
    args.push('--test-reporter=tap', `--test-reporter-destination=${tap}`);
    const { code } = await run(process.execPath, [...args, ...paths], 'inherit');
    const lines = readFileSync(tap, 'utf8').split('\n');
    const skipped = lines.filter((line) => /# (SKIP|TODO)\b/.test(line)).map((line) => line.trim());
    for (const line of skipped) console.log(line);
    const missed = skipped.filter((line) => !line.includes('[may be missing]'));
    const hasTests = lines.some((line) => /^# tests [1-9]/.test(line));
    const failures = [
      ...(code === 0 ? [] : ['tests']),
      ...(hasTests ? [] : ['no test was found']),
      ...(isStrict && missed.length > 0 ? [`${missed.length} tests were skipped`] : []),
    ];
    return { failures, summary: lines.filter((line) => /^# \w+ [\d.]+$/.test(line)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns {string[]} */
function listTests() {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {'pipe' | 'inherit'} output
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function run(command, args, output) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', output, output] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: text }));
  });
}
