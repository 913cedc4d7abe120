/**
 * Finds and compiles the WebAssembly module of the kernels, once a process.
 *
 * `lockstep setup` builds it: into `.lockstep/kernels` of a clone; a packed release carries it beside its
 * compiled JavaScript, in `dist/kernels`.
 */
import { readFileSync } from 'node:fs';
import { LockstepError, exitCodes } from '../errors.ts';

const places = ['../../.lockstep/kernels/kernels.wasm', '../../kernels/kernels.wasm'];

let compiled: WebAssembly.Module | undefined;

/** @throws LockstepError (69) when the module was not built, or is not WebAssembly that this Node can run */
export function kernelsModule(): WebAssembly.Module {
  compiled ??= compileKernels(places.map((place) => new URL(place, import.meta.url)));
  return compiled;
}

/** Compiles the first of the files that exists. Exported for tests. */
export function compileKernels(candidates: readonly URL[]): WebAssembly.Module {
  for (const candidate of candidates) {
    const bytes = readIfThere(candidate);
    if (bytes === null) continue;
    try {
      return new WebAssembly.Module(bytes);
    } catch (cause) {
      throw unusable(
        `${candidate.pathname} is not a WebAssembly module that Node ${process.version} can run`,
        cause,
      );
    }
  }
  throw unusable(
    `the float kernels are not built (looked for ${candidates[0]?.pathname ?? 'nothing'})`,
    undefined,
  );
}

function readIfThere(file: URL): Uint8Array<ArrayBuffer> | null {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unusable(`${file.pathname} cannot be read`, error);
  }
}

function unusable(what: string, cause: unknown): LockstepError {
  return new LockstepError(`${what}: run \`npx lockstep setup\``, exitCodes.unavailable, { cause });
}
