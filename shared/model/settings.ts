/** The settings of the variational autoencoder: one schema, whose fields are flags of `train`. */
import { z } from 'zod';

const positive = z.number().positive();
const fraction = z.number().min(0).lt(1);

export const modelFields = {
  width: z.int().positive().default(2048).describe('units of each hidden layer'),
  latent: z.int().positive().default(512).describe('dimensions of the latent space'),
  encoderBlocks: z.int().min(0).default(3).describe('blocks shared by mean and variance of the encoder'),
  branchBlocks: z.int().min(0).default(2).describe('blocks of each branch of the encoder'),
  decoderBlocks: z.int().min(0).default(5).describe('blocks of the decoder'),
  dropout: fraction.default(0.2).describe('rate of dropout after each block'),
  likelihood: z
    .enum(['variance', 'logVariance', 'fixedVariance', 'bernoulli'])
    .default('variance')
    .describe('output distribution'),
  varianceHead: z
    .enum(['auto', 'trained', 'frozen', 'shared', 'none'])
    .default('auto')
    .describe('how the output variance is learned; auto: trained, or none where the likelihood has none'),
  varianceFloor: positive.default(0.01).describe('added to the output of likelihood variance (eps)'),
  fixedVariance: positive.default(1).describe('the variance of likelihood fixedVariance'),
  varianceL2: z
    .number()
    .min(0)
    .default(0.001)
    .describe('penalty on the weights of the output of likelihood logVariance'),
  sampling: z
    .enum(['correct', 'original'])
    .default('correct')
    .describe('latent noise scale: exp(logvar/2), or exp(logvar) as the post had it'),
  freeBits: z
    .number()
    .min(0)
    .default(0)
    .describe('nats of KL that cost nothing, for each latent, by its mean over a micro-batch'),
};

export const modelSettingsSchema = z.strictObject(modelFields);
export type ModelSettings = z.infer<typeof modelSettingsSchema>;

/** The model's settings out of more than these. */
export const modelSettingsOf = (config: ModelSettings): ModelSettings => z.object(modelFields).parse(config);
