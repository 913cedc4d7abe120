/**
 * Whether what a module made is a model: said in one line that names the part, before anything is computed.
 */
import { z } from 'zod';
import type { Model } from '../model.ts';

const name = z.string().min(1).max(200);
const size = z.int().positive();

const initialiser = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('zeros') }),
  z.looseObject({ kind: z.literal('constant'), value: z.number() }),
  z.looseObject({ kind: z.literal('uniform'), limit: z.number() }),
  z.looseObject({ kind: z.literal('normal'), deviation: z.number() }),
]);

const compute = z.custom<(...inputs: never[]) => unknown>((value) => typeof value === 'function', {
  error: 'expected a function',
});

const modelSchema = z.looseObject({
  name,
  parameters: z
    .array(
      z.strictObject({
        name,
        shape: z.array(size).max(8),
        initialiser,
        l2: z.number().min(0).optional(),
        frozen: z.boolean().optional(),
      }),
    )
    .min(1)
    .max(4096),
  statistics: z.array(z.strictObject({ name, size })).max(4096),
  termNames: z.array(name).max(63),
  lossSum: compute,
  generative: z
    .looseObject({ latentCount: size, isDensity: z.boolean(), encode: compute, decode: compute })
    .optional(),
});

/** @returns what is wrong with it, or null. @param value what a module's `create` returned */
export function problemOf(value: unknown): string | null {
  const parsed = modelSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = (issue?.path ?? []).map(String).join('.');
    const message = issue?.message ?? 'invalid';
    return `${where === '' ? 'its model' : where}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  }
  const { parameters, statistics, termNames } = value as Model;
  const twice =
    repeated(parameters.map((spec) => spec.name)) ??
    repeated(statistics.map((spec) => spec.name)) ??
    repeated(['loss', ...termNames]);
  if (twice !== null) return `${twice} is the name of two parameters, statistics or terms (loss is one)`;
  return parameters.every(({ frozen }) => frozen === true) ? 'parameters: all of them are frozen' : null;
}

const repeated = (names: readonly string[]): string | null =>
  names.find((each, index) => names.indexOf(each) !== index) ?? null;
