/** Asks numpy for numbers: float64 or bytes in, float64 out, through pipes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { python } from './requires.ts';

const timeoutMs = 60_000;
const outputLimitBytes = 2 ** 28;

/**
 * Runs a script that finds its input's bytes in `data`, its arguments in `sizes` (integers), and calls
 * `answer(array)` once or more often.
 * @returns all answers as float64, one after another
 */
export function askNumpy(script: string, data: ArrayBufferView, ...sizes: readonly number[]): Float64Array {
  const prelude = [
    'import sys, numpy as np',
    'data = sys.stdin.buffer.read()',
    'sizes = [int(size) for size in sys.argv[1:]]',
    'answer = lambda array: sys.stdout.buffer.write(np.ascontiguousarray(array, np.float64).tobytes())',
  ];
  const { status, stdout, stderr } = spawnSync(
    python,
    ['-c', [...prelude, script].join('\n'), ...sizes.map(String)],
    {
      input: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      timeout: timeoutMs,
      maxBuffer: outputLimitBytes,
    },
  );
  assert.equal(status, 0, stderr.toString());
  return new Float64Array(new Uint8Array(stdout).buffer);
}
