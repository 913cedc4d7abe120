/**
 * What a checkpoint says about itself, beside its arrays: a map of strings in the file's metadata, checked by a
 * schema when it comes back.
 *
 * The format version is looked at first, so that a checkpoint of another version is named as that.
 */
import { z } from 'zod';
import type { ImageShape } from '../../shared/data/dataset.ts';
import { dataError } from '../../shared/errors.ts';
import type { Basis } from '../../shared/model/compute.ts';
import { modelDescriptionSchema, type ModelDescription } from '../../shared/protocol/messages.ts';
import { configSchema, type Config } from '../../shared/runtime/config.ts';
import type { Progress } from '../progress.ts';
import { decodeExact, encodeExact } from './exact-json.ts';

export const checkpointFormat = 'lockstep-checkpoint';
export const checkpointVersion = '1';

/** What the run says of a checkpoint that it writes. */
export interface CheckpointFacts {
  readonly runId: string;
  readonly incarnation: number; // of the run folder's owner
  readonly config: Config; // complete
  readonly dataHash: string;
  readonly image: ImageShape; // of the data
  readonly backend: string; // that computed: other backends give other bits
  readonly best: boolean; // the best evaluation so far
}

/** What is found in a checkpoint without reading its arrays. */
export interface CheckpointInfo extends CheckpointFacts {
  readonly progress: Progress; // its statistics stand among the arrays
  readonly model: ModelDescription;
  readonly parametersSha256: string; // of [P] as little-endian float32
  readonly basis: BasisFacts | null;
}

type BasisFacts = Pick<Basis, 'whiten' | 'totalVariance'>;

const real = z.custom<number>((value) => typeof value === 'number', 'expected a number'); // NaN and Infinity too
const count = z.int().min(0);
const length = z.int().min(1);
const digits = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

const parsed = (parse: (text: string) => unknown) =>
  z.string().transform((text, context): unknown => {
    try {
      return parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  });
const json = parsed(JSON.parse);
const exactJson = parsed(decodeExact);

const progressSchema = z.strictObject({
  step: count,
  evaluatedStep: count,
  updates: count,
  seconds: real,
  sitting: count,
  timedSamples: real,
  timedSeconds: real,
  workers: count,
  lastLoss: real,
  heldOutLoss: real.nullable(),
  bestLoss: real.nullable(),
  stopping: z.strictObject({ best: real.nullable(), waited: count }),
  statistics: z.null(),
  since: z.strictObject({
    terms: z.record(z.string(), real),
    samples: real,
    seconds: real,
    noise: z.strictObject({ stepCount: count, gradientSquares: real, noise: real }),
  }),
}) satisfies z.ZodType<Progress>;

const metadataSchema = z.object({
  step: digits,
  runId: z.string(),
  incarnation: digits,
  config: json.pipe(configSchema),
  dataHash: z.string(),
  image: json.pipe(z.strictObject({ height: length, width: length, channels: length })),
  backend: z.string(),
  best: z.enum(['true', 'false']).transform((text) => text === 'true'),
  progress: exactJson.pipe(progressSchema),
  model: json.pipe(modelDescriptionSchema),
  parametersSha256: z.string().regex(/^[0-9a-f]{64}$/),
  basis: exactJson.pipe(z.strictObject({ whiten: z.boolean(), totalVariance: real }).nullable()),
});

export function encodeInfo(info: CheckpointInfo): Record<string, string> {
  const { basis, progress } = info;
  return {
    format: checkpointFormat,
    version: checkpointVersion,
    step: String(progress.step), // for people: it is part of `progress` too
    runId: info.runId,
    incarnation: String(info.incarnation),
    config: JSON.stringify(info.config),
    dataHash: info.dataHash,
    image: JSON.stringify(info.image),
    backend: info.backend,
    best: String(info.best),
    progress: encodeExact({ ...progress, statistics: null }),
    model: JSON.stringify(info.model),
    parametersSha256: info.parametersSha256,
    basis: encodeExact(basis && { whiten: basis.whiten, totalVariance: basis.totalVariance }),
  };
}

/** @throws LockstepError (65) naming the file and what is wrong with it */
export function decodeInfo(path: string, metadata: Readonly<Record<string, string>>): CheckpointInfo {
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
    const reasons = z.prettifyError(result.error).replaceAll(/\s*\n\s*/g, ' ');
    throw dataError(`${path} describes itself wrongly: ${reasons}`);
  }
  const { step: _, ...info } = result.data;
  return info;
}
