/**
 * Imports a module from anywhere: what it imports as `lockstep` is this very package, so that there is one
 * TensorFlow.js, and a model need not lie where npm has installed anything.
 *
 * TypeScript runs as it is where this process runs TypeScript already, or Node strips types by itself (22.18 and
 * later), or where tsx is installed beside the module.
 */
import nodeModule, { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { configurationError } from '../../errors.ts';

const own = new URL(import.meta.url.endsWith('.ts') ? '../public.ts' : '../public.js', import.meta.url).href;
let isHooked = false;

/** @returns the module's exports. @throws whatever it throws; LockstepError (78) for TypeScript that cannot run */
export async function importModule(path: string): Promise<Record<string, unknown>> {
  if (/\.[cm]?ts$/.test(path)) await supportTypeScript(path);
  hookOnce();
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
}

type Next = (specifier: string, context: object) => unknown;

/** In-thread hooks are of Node 22.15 and later; before, hooks are a module in a thread of their own. */
function hookOnce(): void {
  if (isHooked) return;
  isHooked = true;
  const { registerHooks } = nodeModule as unknown as {
    registerHooks?: (hooks: { resolve: (specifier: string, context: object, next: Next) => unknown }) => void;
  };
  if (registerHooks !== undefined) {
    registerHooks({
      resolve: (specifier, context, next) => next(specifier === 'lockstep' ? own : specifier, context),
    });
    return;
  }
  const source =
    'export const resolve = (specifier, context, next) => ' +
    `next(specifier === "lockstep" ? ${JSON.stringify(own)} : specifier, context);`;
  nodeModule.register(`data:text/javascript,${encodeURIComponent(source)}`);
}

async function supportTypeScript(path: string): Promise<void> {
  const { features } = process as unknown as { features: { typescript?: string | false } };
  if (import.meta.url.endsWith('.ts') || features.typescript) return;
  let tsx: string;
  try {
    tsx = createRequire(path).resolve('tsx/esm/api');
  } catch {
    throw configurationError(
      `--model ${path} is TypeScript, which Node ${process.versions.node} does not run by itself: npm install tsx ` +
        'beside it, take Node 22.18 or later, or give JavaScript',
    );
  }
  const { register } = (await import(pathToFileURL(tsx).href)) as { register: () => void };
  register();
}
