/**
 * What a checkpoint says about itself, beside its arrays: a map of strings in the file's metadata, checked by a
 * schema when it comes back.
 *
 * The format version is looked at first, so that a checkpoint of another version is named as that.
 */
import { z } from 'zod';
import { dataError } from '../../shared/errors.ts';
import type { Basis } from '../../shared/model/compute.ts';

export const checkpointFormat = 'lockstep-checkpoint';
export const checkpointVersion = '1';

export interface CheckpointInfo {
  readonly step: number; // steps done: the next one's number
  readonly epoch: number; // epochs done
  readonly configuration: Readonly<Record<string, unknown>>; // of the run, complete
  readonly earlyStopping: unknown; // JSON, as its owner wrote it
  readonly incarnation: number; // of the run folder's owner
  readonly dataHash: string;
  readonly parametersSha256: string; // of [P] as little-endian float32
}

type BasisFacts = Pick<Basis, 'whiten' | 'totalVariance'>;

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
});
const digits = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

const metadataSchema = z.object({
  step: digits,
  epoch: digits,
  configuration: json.pipe(z.record(z.string(), z.unknown())),
  earlyStopping: json,
  incarnation: digits,
  dataHash: z.string(),
  parametersSha256: z.string().regex(/^[0-9a-f]{64}$/),
  basis: json.pipe(z.strictObject({ whiten: z.boolean(), totalVariance: z.number() }).nullable()),
});

export function encodeInfo(info: CheckpointInfo, basis: BasisFacts | null): Record<string, string> {
  const facts = basis && { whiten: basis.whiten, totalVariance: basis.totalVariance };
  return {
    format: checkpointFormat,
    version: checkpointVersion,
    step: String(info.step),
    epoch: String(info.epoch),
    configuration: JSON.stringify(info.configuration),
    earlyStopping: JSON.stringify(info.earlyStopping ?? null),
    incarnation: String(info.incarnation),
    dataHash: info.dataHash,
    parametersSha256: info.parametersSha256,
    basis: JSON.stringify(facts),
  };
}

/** @throws dataError naming the file and what is wrong with it */
export function decodeInfo(
  path: string,
  metadata: Readonly<Record<string, string>>,
): { readonly info: CheckpointInfo; readonly basis: BasisFacts | null } {
  const { format, version } = metadata;
  if (format !== checkpointFormat) {
    throw dataError(`${path} is no checkpoint of lockstep: its format is ${format ?? 'not given'}`);
  }
  if (version !== checkpointVersion) {
    throw dataError(
      `${path} has checkpoint format version ${version}, expected ${checkpointVersion}; ` +
        'use the version of lockstep that wrote it',
    );
  }
  const result = metadataSchema.safeParse(metadata);
  if (!result.success) {
    throw dataError(
      `${path} describes itself wrongly: ${z.prettifyError(result.error).replaceAll('\n', ' ')}`,
    );
  }
  const { basis, ...info } = result.data;
  return { info, basis };
}
