/**
 * The layout of [P]: every trained parameter of a model, one after another, in one array of float32.
 *
 * The coordinator knows parameters only as this array, cut into chunks of 2^20 values (4 MiB), each reduced,
 * updated and sent by itself. Frozen parameters are not part of [P]: they are a pure function of the seed, and
 * whoever needs them makes them.
 */

export const chunkLength = 2 ** 20; // float32 values in a chunk

/** How a parameter gets its first value: a pure function of (seed, its index in the layout). */
export type Initialiser =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly limit: number } // in [-limit, limit)
  | { readonly kind: 'normal'; readonly deviation: number };

/** Glorot and Bengio 2010, eq. 16: uniform with limit sqrt(6 / (fan in + fan out)). */
export const glorotUniform = (fanIn: number, fanOut: number): Initialiser => ({
  kind: 'uniform',
  limit: Math.sqrt(6 / (fanIn + fanOut)),
});

export interface ParameterSpec {
  readonly name: string; // unique, such as `encoder/1/kernel`
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
  /** Coefficient c of a penalty c * |p|^2, added once at the root of the sum. */
  readonly l2?: number | undefined;
  /** A frozen parameter keeps its first value; gradients flow through it. */
  readonly frozen?: boolean | undefined;
}

export interface LayoutEntry extends ParameterSpec {
  readonly offset: number; // in values, into [P], or into the frozen array
  readonly length: number; // in values
  readonly index: number; // among all parameters of the model: the counter of its initialiser
}

export interface Layout {
  readonly trained: readonly LayoutEntry[];
  readonly frozen: readonly LayoutEntry[];
  readonly parameterCount: number; // P
  readonly frozenCount: number;
}

export function createLayout(specs: readonly ParameterSpec[]): Layout {
  const seen = new Set<string>();
  const trained: LayoutEntry[] = [];
  const frozen: LayoutEntry[] = [];
  let parameterCount = 0;
  let frozenCount = 0;
  specs.forEach((spec, index) => {
    if (seen.has(spec.name)) throw new Error(`two parameters are named ${spec.name}`);
    seen.add(spec.name);
    const length = spec.shape.reduce((product, size) => product * size, 1);
    if (spec.frozen === true) {
      frozen.push({ ...spec, offset: frozenCount, length, index });
      frozenCount += length;
    } else {
      trained.push({ ...spec, offset: parameterCount, length, index });
      parameterCount += length;
    }
  });
  return { trained, frozen, parameterCount, frozenCount };
}

/** A range of an array that is sent by itself. */
export interface Chunk {
  readonly index: number;
  readonly offset: number; // in values
  readonly length: number; // in values, at most `valuesPerChunk`
}

export const chunkCount = (length: number, valuesPerChunk: number = chunkLength): number =>
  Math.ceil(length / valuesPerChunk);

/** Chunk `index` of an array of `length` values. */
export function chunkAt(length: number, index: number, valuesPerChunk: number = chunkLength): Chunk {
  const offset = index * valuesPerChunk;
  if (index < 0 || offset >= length) throw new RangeError(`chunk ${index} of an array of ${length} values`);
  return { index, offset, length: Math.min(valuesPerChunk, length - offset) };
}
