/**
 * `lockstep export`: a trained model for use elsewhere, without the trainer.
 *
 * The built-in autoencoder becomes two networks of dense layers, decoder and encoder, from latents to pixels and
 * back, with batch norm and principal components folded in: as models of TensorFlow.js, or as named arrays. A
 * model of somebody's own becomes its named arrays; what to do with them, its module knows.
 */
import { mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { writeFileAtomicallySync } from '../../shared/data/atomic-file.ts';
import { writeSafetensors, type NamedTensor } from '../../shared/data/safetensors.ts';
import { runError, usageError } from '../../shared/errors.ts';
import { encodeLayersModel, weightsName } from '../../shared/model/layers-model.ts';
import { isModulePath } from '../../shared/model/module/module-file.ts';
import { readArrays } from '../../shared/model/named-arrays.ts';
import type { Network } from '../../shared/model/network.ts';
import type { RuntimeName } from '../../shared/model/runtime.ts';
import { foldVae } from '../../shared/model/vae/fold.ts';
import type { ExportFormat } from './export-formats.ts';
import { readmeOfArrays, readmeOfNetworks } from './export-readme.ts';
import { openTrained, type Trained } from './open.ts';

export interface ExportRequest {
  readonly path: string;
  readonly format: ExportFormat;
  readonly out: string; // a folder, made where it is missing
  readonly runtime: RuntimeName;
  readonly cacheDir: string;
  readonly say: (line: string) => void;
}

/**
 * Writes the files, over those of an earlier export.
 * @returns their paths
 * @throws LockstepError: 64 for tfjs of a model of one's own, 1 where they cannot be written, else as `openTrained`
 */
export async function exportModel(request: ExportRequest): Promise<string[]> {
  const trained = await openTrained({ ...request, evaluationRows: null, needsData: false });
  try {
    const files = isModulePath(trained.config.model)
      ? await arraysOfOwnModel(trained, request.format)
      : await networksOf(trained, request.format);
    return await writeAll(request.out, files);
  } finally {
    trained.close();
  }
}

/** What goes into one file: text or bytes, or arrays. */
type Content = string | Uint8Array | { readonly tensors: NamedTensor[]; readonly metadata: Metadata };
type Metadata = Readonly<Record<string, string>>;
type Files = readonly (readonly [name: string, content: Content])[];

async function networksOf(trained: Trained, format: ExportFormat): Promise<Files> {
  const { decoder, encoder } = await foldVae(trained.compute.loaded, trained.config);
  const networks = [decoder, encoder];
  const origin = originOf(trained);
  const readme = ['README.md', readmeOfNetworks(networks, format, origin)] as const;
  if (format === 'safetensors') {
    const described = Object.fromEntries(networks.map((network) => [network.name, describe(network)]));
    const metadata = { ...origin, networks: JSON.stringify(described) };
    return [['model.safetensors', { tensors: networks.flatMap(tensorsOf), metadata }], readme];
  }
  const files: [string, Content][] = [];
  for (const network of networks) {
    const { json, weights } = await encodeLayersModel(network, origin);
    files.push([join(network.name, weightsName), weights], [join(network.name, 'model.json'), json]);
  }
  return [...files, readme];
}

/** For people and programs: where a model comes from, and the shape of its images. */
function originOf({ file, step, image }: Trained): Metadata {
  const { height, width, channels } = image;
  const checkpoint = resolve(file).split(sep).slice(-3).join('/'); // RUN/checkpoints/NAME: the rest is nobody's business
  return { checkpoint, step: String(step), image: JSON.stringify([height, width, channels]) };
}

const tensorsOf = ({ layers }: Network): NamedTensor[] =>
  layers.flatMap(({ name, inputSize, size, kernel, bias }) => [
    { name: `${name}/kernel`, shape: [inputSize, size], values: kernel },
    { name: `${name}/bias`, shape: [size], values: bias },
  ]);

const describe = ({ input, outputs, layers }: Network) => ({
  input,
  outputs,
  layers: layers.map(({ name, input: from, activation }) => ({ name, input: from, activation })),
});

async function arraysOfOwnModel(trained: Trained, format: ExportFormat): Promise<Files> {
  const { config, compute } = trained;
  if (format === 'tfjs') {
    throw usageError(
      `--format tfjs got the model of ${config.model}, expected the built-in one, whose layers are known: ` +
        'add --format safetensors for its parameters by name',
    );
  }
  const { parameters, moments } = await readArrays(compute.loaded);
  const tensors: NamedTensor[] = [...parameters];
  for (const { name, size } of compute.loaded.model.statistics) {
    const { mean, variance } = moments(name);
    tensors.push(
      { name: `statistics/${name}/mean`, shape: [size], values: mean },
      { name: `statistics/${name}/variance`, shape: [size], values: variance },
    );
  }
  const basis = compute.loaded.basis();
  if (basis !== null) {
    const { componentCount, featureCount, mean, vectors, eigenvalues } = basis;
    tensors.push(
      { name: 'basis/mean', shape: [featureCount], values: mean },
      { name: 'basis/eigenvalues', shape: [componentCount], values: eigenvalues },
      { name: 'basis/vectors', shape: [componentCount, featureCount], values: vectors },
    );
  }
  const metadata = { ...originOf(trained), model: basename(config.model) };
  return [
    ['model.safetensors', { tensors, metadata }],
    ['README.md', readmeOfArrays(tensors, metadata)],
  ];
}

async function writeAll(folder: string, files: Files): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, content] of files) {
    const path = join(folder, name);
    try {
      mkdirSync(dirname(path), { recursive: true });
      if (typeof content === 'string' || content instanceof Uint8Array)
        writeFileAtomicallySync(path, content);
      else await writeSafetensors(path, content.tensors, content.metadata);
    } catch (error) {
      throw runError(
        `${path} cannot be written (${(error as Error).message}); name another place with --out`,
      );
    }
    paths.push(path);
  }
  return paths;
}
