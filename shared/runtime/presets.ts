/**
 * Named starting points. A preset is a partial configuration: whatever is said elsewhere wins over it.
 *
 * `svhn` and `svhn-2017` are the model and the settings of a blog post (docs/reproduction.md): the first with
 * the post's mistakes mended, the second as the experiment was run.
 */
import type { Config } from './config.ts';

export interface Preset {
  readonly description: string;
  readonly settings: Partial<Config>;
  /** Told at the start of every run: what somebody must know who reads its numbers. */
  readonly notices: readonly string[];
}

const postSettings = {
  components: 500,
  width: 2048,
  latent: 512,
  batchSize: 1000,
  learningRate: 1e-4,
  epochs: 2000,
  stopOn: 'training',
  stopMinDelta: 0.1,
  stopPatience: 100,
} as const satisfies Partial<Config>;

export const presets = {
  digits: {
    description: 'synthetic street digits and a small model: two minutes on two cores',
    settings: {
      data: ['synthetic'],
      syntheticRows: 8000,
      components: 100,
      width: 384,
      latent: 24,
      encoderBlocks: 2,
      branchBlocks: 0,
      decoderBlocks: 3,
      dropout: 0,
      // A head that learns the variance explains such few steps by noise, and paints in grey.
      likelihood: 'fixedVariance',
      fixedVariance: 0.12,
      batchSize: 200,
      microBatchSize: 100,
      learningRate: 1e-3,
      epochs: 36,
      statisticsRows: 2000,
      evaluationRows: 2000,
      pictureEvery: 6,
    },
    notices: [],
  },
  svhn: {
    description: "the post's model and settings on SVHN, its mistakes mended",
    settings: postSettings,
    notices: [],
  },
  'svhn-2017': {
    description: "the post's experiment as it was run, mistakes and all",
    settings: {
      ...postSettings,
      microBatchSize: 1000,
      pcaRows: 100_000,
      varianceHead: 'frozen',
      sampling: 'original',
    },
    notices: [
      'preset svhn-2017 repeats an experiment with its mistakes: the variance head keeps its random initial ' +
        'weights, and latent noise is scaled by exp(logvar) instead of exp(logvar / 2); use --preset svhn for ' +
        'the mended model',
      'the experiment of 2017 also trained on the test images: give train, test and extra to --data for that',
    ],
  },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof presets;
export const presetNames = Object.keys(presets) as readonly PresetName[];
export const defaultPreset: PresetName = 'digits';

export const isPresetName = (name: string): name is PresetName => Object.hasOwn(presets, name);
