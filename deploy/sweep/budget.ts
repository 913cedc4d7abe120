/**
 * How long every trial of a sweep trains: `epochs=20`, `updates=5000`, `seconds=600` of training, or `converged`,
 * until the held-out loss has stopped falling. Each is nothing but flags of `train`.
 */
import { usageError } from '../../shared/errors.ts';
import type { ConfigField } from '../../shared/runtime/config.ts';
import { parseFieldText } from '../../shared/runtime/field.ts';

export type Budget =
  | { readonly kind: 'epochs' | 'updates' | 'seconds'; readonly count: number }
  | { readonly kind: 'converged' };

const endless = '1000000'; // epochs: something else ends the trial

/** @throws LockstepError (64) */
export function parseBudget(text: string): Budget {
  if (text === 'converged') return { kind: 'converged' };
  const [, kind, count = ''] = /^(epochs|updates|seconds)=(.+)$/.exec(text) ?? [];
  const value = parseFieldText('maxSeconds', count);
  const isCount = typeof value === 'number' && value > 0 && (kind === 'seconds' || Number.isInteger(value));
  if (kind !== undefined && isCount) return { kind: kind as 'epochs' | 'updates' | 'seconds', count: value };
  throw usageError(
    `--budget got ${JSON.stringify(text)}, expected epochs=N, updates=N, seconds=N, or converged`,
  );
}

/** The flags that it stands for. */
export function flagsOfBudget(budget: Budget): ReadonlyMap<ConfigField, string> {
  switch (budget.kind) {
    case 'epochs':
      return new Map([['epochs', String(budget.count)]]);
    case 'updates':
      return new Map([['steps', String(budget.count)]]);
    case 'seconds':
      return new Map([
        ['maxSeconds', String(budget.count)],
        ['epochs', endless],
      ]);
    case 'converged':
      return new Map([
        ['stopOn', 'heldOut'],
        ['epochs', endless],
      ]);
    default:
      return budget satisfies never;
  }
}
