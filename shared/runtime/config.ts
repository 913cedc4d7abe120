/**
 * The configuration of a run: one schema for flags, environment, files and presets.
 *
 * Every field is a flag of `train` in kebab-case (`batchSize` is `--batch-size`), a variable in upper snake
 * case (`LOCKSTEP_BATCH_SIZE`), and a key of the configuration file. Flags win over environment, environment
 * over file, file over preset, preset over default (load-config.ts).
 */
import { z } from 'zod';
import { wires } from '../math/node-values.ts';
import { modelFields } from '../model/settings.ts';

const count = z.int().positive();
const natural = z.int().min(0);
const seconds = z.number().positive();
const seed = z.int().min(0).max(0xffffffff);
const often = '(epoch|[1-9][0-9]*steps|[1-9][0-9]*s)';

const dataFields = {
  data: z.array(z.string()).min(1).default(['synthetic']).describe('synthetic, or SVHN .mat or IDX files'),
  testData: z.array(z.string()).default([]).describe('files of a test set'),
  syntheticRows: count.default(6000).describe('images that --data synthetic makes'),
  syntheticSeed: seed.default(1).describe('of the images that --data synthetic makes'),
  splitSeed: seed.default(0).describe('chooses the held-out rows'),
  heldOutFraction: z.number().min(0).lt(1).default(0.1).describe('part of the rows kept for evaluation'),
  trainFraction: z.number().positive().max(1).default(1).describe('part of the other rows used for training'),
  components: z.int().positive().nullable().default(500).describe('principal components, or none for pixels'),
  whiten: z.boolean().default(false).describe('scale components to unit variance'),
  pcaRows: count.default(100_000).describe('training rows, at most, that the principal components see'),
};

const chosenFields = {
  model: z.string().min(1).default('vae').describe('vae, or a module of your own, such as ./my-model.js'),
  modelHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal')
    .nullable()
    .default(null)
    .describe('of that module, which must have it; found by the run itself'),
};

const optimisationFields = {
  seed: seed.default(1).describe('of parameters, order of rows, dropout and latent noise'),
  batchSize: count.default(1000).describe('samples a step, over all workers'),
  microBatchSize: count.nullable().default(null).describe('unit of work and of batch normalisation'),
  epochs: count.nullable().default(null).describe('passes over the training rows'),
  steps: count.nullable().default(null).describe('steps, instead of epochs'),
  maxSeconds: seconds.nullable().default(null).describe('ends the run after this many seconds of training'),
  learningRate: z.number().positive().default(1e-4).describe("Adam's learning rate"),
  learningRateSchedule: z
    .enum(['constant', 'cosine', 'linear'])
    .default('constant')
    .describe('how the learning rate falls after its warm-up'),
  scheduleSteps: count.nullable().default(null).describe('horizon of the schedule; the whole run by default'),
  warmUpSteps: natural.default(0).describe('steps over which the learning rate rises linearly'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('decay of the first moment'),
  beta2: z.number().min(0).lt(1).default(0.999).describe('decay of the second moment'),
  epsilon: z.number().positive().default(1e-8).describe("Adam's epsilon"),
  clipNorm: z.number().positive().nullable().default(null).describe('largest norm of the mean gradient'),
  klWeight: z.number().min(0).default(1).describe('weight of the KL term (beta)'),
  klWarmUpSteps: natural.default(0).describe('steps over which the weight of KL rises linearly'),
  stopOn: z
    .enum(['none', 'training', 'heldOut'])
    .default('none')
    .describe('loss that early stopping watches'),
  stopMinDelta: z.number().min(0).default(0.1).describe('improvement, in nats, that counts'),
  stopPatience: count.default(100).describe('epochs without improvement before stopping'),
  onNonfinite: z.enum(['stop', 'skip']).default('stop').describe('after a second non-finite answer'),
};

const evaluationFields = {
  statisticsRows: count.default(10_000).describe('training rows, at most, of precise batch-norm statistics'),
  evaluationRows: count.default(10_000).describe('rows of each split, at most, that evaluations see'),
  evaluateEvery: count.default(1).describe('epochs between evaluations'),
  pictureEvery: natural.default(5).describe('epochs between pictures; 0 for none until the end'),
  checkpointEvery: z
    .string()
    .regex(new RegExp(`^${often}(,${often})*$`), 'epoch, or such as 500steps or 600s, or several with commas')
    .default('epoch,600s')
    .describe('such as epoch, 500steps, 600s, or several'),
  keepCheckpoints: count.default(3).describe('checkpoints kept, beside the best'),
};

const machineFields = {
  workers: count.nullable().default(null).describe('workers on this box; GPUs, else cores, by default'),
  threads: count
    .nullable()
    .default(null)
    .describe('CPU threads a worker; changes bits; 1 on a CPU by default'),
  runtime: z
    .enum(['auto', 'tensorflow', 'webgpu', 'wasm', 'cpu'])
    .default('auto')
    .describe('what computes; auto: tensorflow, else wasm'),
  precision: z.enum(['tf32', 'float32']).default('tf32').describe('of matrix products on a GPU'),
  allowCpu: z.boolean().default(false).describe('train on the CPU although a GPU is there'),
  requireIdentical: z.boolean().default(false).describe('refuse workers of unlike fingerprints'),
  reducers: count.default(1).describe('reducers that share the exchange; changes no bit'),
  wire: z
    .enum(wires)
    .default('float32')
    .describe('of gradients below the root of their sum; changes bits; bfloat16 halves what workers send'),
  minWorkers: count.default(1).describe('workers without which the run waits'),
  terminationGraceSeconds: seconds
    .nullable()
    .default(null)
    .describe('from SIGTERM to SIGKILL here; a checkpoint that takes longer is told of'),
};

/** The fields by the heading under which `lockstep train --help` lists them. */
export const configGroups = {
  'Data:': dataFields,
  'Model:': { ...chosenFields, ...modelFields },
  'Optimisation:': optimisationFields,
  'Evaluation:': evaluationFields,
  'Machines:': machineFields,
};

export const configFields = {
  ...configGroups['Data:'],
  ...configGroups['Model:'],
  ...configGroups['Optimisation:'],
  ...configGroups['Evaluation:'],
  ...configGroups['Machines:'],
};

export const configSchema = z.strictObject(configFields);
export type Config = z.infer<typeof configSchema>;
export type ConfigField = keyof Config;
export const configFieldNames = Object.keys(configFields) as readonly ConfigField[];
