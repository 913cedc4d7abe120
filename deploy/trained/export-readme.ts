/** The README beside an exported model: what the arrays are, in which order they compute, and how to load them. */
import type { NamedTensor } from '../../shared/data/safetensors.ts';
import type { Network } from '../../shared/model/network.ts';
import { formatCount } from '../../shared/text.ts';
import type { ExportFormat } from './export-formats.ts';

type Origin = Readonly<Record<string, string>>; // checkpoint, step, image

/** Of decoder and encoder. */
export function readmeOfNetworks(networks: readonly Network[], format: ExportFormat, origin: Origin): string {
  return [
    ...heading(origin),
    '',
    ...(format === 'tfjs' ? tfjsLines : safetensorsLines),
    ...networks.flatMap(({ name, input, inputShape, outputs, outputShape, layers }) => [
      '',
      `## ${name}`,
      '',
      `From ${input} [N, ${inputShape.join(', ')}] to ${outputs.join(' and ')} [N, ${outputShape.join(', ')}].`,
      '',
      '| layer | reads | kernel | activation |',
      '|---|---|---|---|',
      ...layers.map(
        (layer) =>
          `| ${layer.name} | ${layer.input} | ${layer.inputSize} x ${layer.size} | ${layer.activation} |`,
      ),
    ]),
    '',
  ].join('\n');
}

/** Of a model of somebody's own. */
export function readmeOfArrays(tensors: readonly NamedTensor[], origin: Origin): string {
  return [
    ...heading(origin),
    '',
    'Parameters as the model names them; `statistics/LAYER/mean` and `/variance` of its batch norm, where it has',
    'any; `basis/…` of the principal components, where it reads those: features = (pixels - mean) vectors^T,',
    'pixels in [0, 1]. What computes with them is the module of the model.',
    '',
    '```python',
    'from safetensors.numpy import load_file',
    'arrays = load_file("model.safetensors")',
    '```',
    '',
    '| array | shape |',
    '|---|---|',
    ...tensors.map(({ name, shape }) => `| ${name} | ${shape.join(' x ')} |`),
    '',
  ].join('\n');
}

const heading = ({ checkpoint, step }: Origin): string[] => [
  '# A model trained by Lockstep',
  '',
  `Exported from \`${checkpoint}\`, step ${formatCount(Number(step))}.`,
];

const rule = 'Pixels are in [0, 1], latents standard normal. A layer is activation(x kernel + bias).';

const tfjsLines = [
  rule,
  '',
  '```js',
  "const decoder = await tf.loadLayersModel('decoder/model.json');",
  'const images = decoder.predict(tf.randomNormal([16, decoder.inputs[0].shape[1]]));',
  "const encoder = await tf.loadLayersModel('encoder/model.json');",
  'const [mean, logVariance] = encoder.predict(images);',
  '```',
];

const safetensorsLines = [
  rule,
  "`clip` keeps values between 0 and 1. The order of the layers is also in the file's metadata, `networks`, as JSON.",
  '',
  '```python',
  'from safetensors.numpy import load_file',
  'arrays = load_file("model.safetensors")  # NAME/kernel and NAME/bias of each layer',
  '```',
];
