/** `sharpness.json` in a run's folder: what was measured of its latest checkpoint. What is not finite is null. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomicallySync } from '../../shared/data/atomic-file.ts';
import { dataError } from '../../shared/errors.ts';

const value = z.number().nullable();
const schema = z.object({
  step: z.number(),
  parametersSha256: z.string(), // of the checkpoint
  runtime: z.string(),
  rowCount: z.number(),
  rho: z.number(),
  loss: value, // nats a row
  gradientNorm: value,
  rise: value, // nats
  eigenvalue: value,
  residual: value, // of the eigenvalue
  productCount: z.number(),
  isSettled: z.boolean(), // the eigenvalue, within the limit of products
});

export type SharpnessRecord = z.infer<typeof schema>;

const fileName = 'sharpness.json';

/** @returns null where nothing was measured. @throws LockstepError (65) where the file is damaged */
export function readSharpness(runDir: string): SharpnessRecord | null {
  const path = join(runDir, fileName);
  if (!existsSync(path)) return null;
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw dataError(`${path} is damaged: remove it, and measure again with evaluate --sharpness`, error);
  }
}

/** @returns the path */
export function writeSharpness(runDir: string, record: SharpnessRecord): string {
  const path = join(runDir, fileName);
  writeFileAtomicallySync(path, `${JSON.stringify(record, null, 1)}\n`);
  return path;
}
