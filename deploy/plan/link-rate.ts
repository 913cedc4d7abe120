/** The rate of a network link, as it is written on a command line and as `tc` takes it: `1gbit`, `2.5gbit`. */
import { usageError } from '../../shared/errors.ts';

export interface LinkRate {
  readonly text: string; // as given
  readonly bitsPerSecond: number;
}

const units = { kbit: 1e3, mbit: 1e6, gbit: 1e9 } as const;

/** @param flag named in the refusal. @throws LockstepError (64) */
export function parseLinkRate(text: string, flag = '--link-rate'): LinkRate {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]bit)$/.exec(text) ?? [];
  const bitsPerSecond = Number(number) * (units[unit as keyof typeof units] ?? 0);
  if (bitsPerSecond > 0) return { text, bitsPerSecond };
  throw usageError(`${flag} got ${JSON.stringify(text)}, expected a rate such as 500mbit, 1gbit or 10gbit`);
}
