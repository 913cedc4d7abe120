/** `lockstep sample` and `lockstep reconstruct`: one picture of what a checkpoint has learned, as a PNG. */
import { writeFileAtomically, writeWholly } from '../../shared/data/atomic-file.ts';
import { readBatch } from '../../shared/data/dataset.ts';
import { runError, usageError } from '../../shared/errors.ts';
import type { DrawKey, RenderRequest } from '../../shared/model/compute.ts';
import type { RuntimeName } from '../../shared/model/runtime.ts';
import type { Split } from '../../shared/protocol/messages.ts';
import { encodeGrid } from '../../coordinator/run/grid.ts';
import { layOut, type PictureSource } from '../../coordinator/run/pictures.ts';
import type { Picture } from '../../coordinator/journal.ts';
import { openTrained, type Trained } from './open.ts';
import { chooseRows } from './rows.ts';

export interface PictureRequest {
  readonly path: string;
  readonly count: number;
  readonly seed: number | null; // the run's by default
  readonly out: string;
  readonly runtime: RuntimeName;
  readonly cacheDir: string;
  readonly say: (line: string) => void;
}

export interface ReconstructRequest extends PictureRequest {
  readonly files: readonly string[];
  readonly split: Split | null;
}

/** Decoder means at latents from the prior. @throws LockstepError */
export async function sample(request: PictureRequest): Promise<void> {
  const trained = await openTrained({ ...request, evaluationRows: null, needsData: false });
  try {
    checkGenerative(trained, 'sample');
    const { count } = request;
    const pixels = await trained.compute.render(
      { what: 'samples', count, draw: drawOf(trained, request) },
      null,
    );
    await write(request.out, picture('samples', count, pixels), {
      image: trained.image,
      readRows: () => {},
      labels: () => null,
    });
  } finally {
    trained.close();
  }
}

/** Pairs of an image and its reconstruction. @throws LockstepError */
export async function reconstruct(request: ReconstructRequest): Promise<void> {
  const { files, split, count, cacheDir } = request;
  const trained = await openTrained({ ...request, evaluationRows: count, needsData: true });
  try {
    checkGenerative(trained, 'reconstruct');
    const chosen = await chooseRows(trained, trained.data!, { files, split, limit: count, cacheDir });
    const rows = Uint32Array.from(chosen.batches.flatMap((batch) => [...batch]).slice(0, count));
    const batch = readBatch(chosen.dataset, rows);
    const pixels = await trained.compute.render(
      { what: 'reconstructions', draw: drawOf(trained, request) },
      batch,
    );
    await write(request.out, picture('reconstructions', rows.length, pixels), {
      image: trained.image,
      readRows: (_split, _rows, out) => out.set(batch.rows),
      labels: () => null,
    });
    chosen.close();
  } finally {
    trained.close();
  }
}

/** @throws LockstepError (64) for a model that draws nothing */
function checkGenerative({ compute }: Trained, what: string): void {
  const { generative, name } = compute.loaded.model;
  if (generative === undefined)
    throw usageError(`the model ${name} has no decoder to ${what} with: lockstep evaluate judges it`);
}

const drawOf = ({ config }: Trained, { seed }: PictureRequest): DrawKey => ({
  seed: seed ?? config.seed,
  purpose: 'pictures',
  step: 0,
  microBatch: 0,
});

function picture(
  kind: Extract<RenderRequest['what'], 'samples' | 'reconstructions'>,
  count: number,
  pixels: Float32Array,
): Picture {
  const rows = kind === 'samples' ? [] : Array.from({ length: count }, (_, row) => row);
  return { name: kind, kind, step: 0, split: 'heldOut', rows, columns: columnsOf(count), pixels };
}

/** About as wide as high. */
const columnsOf = (count: number): number => Math.ceil(Math.sqrt(count));

async function write(path: string, shown: Picture, source: PictureSource): Promise<void> {
  const png = await encodeGrid(layOut(shown, source));
  try {
    await writeFileAtomically(path, (handle) => writeWholly(handle, png));
  } catch (error) {
    throw runError(`${path} cannot be written (${(error as Error).message}); name another place with --out`);
  }
}

/** @throws LockstepError (64) for a number of pictures that is none, or would take gigabytes */
export function checkCount(count: number): number {
  if (Number.isSafeInteger(count) && count >= 1 && count <= 10_000) return count;
  throw usageError(`--count ${count}: expected an integer from 1 to 10000`);
}

/** @throws LockstepError (64) for what is no seed */
export function checkSeed(seed: number | undefined): number | null {
  if (seed === undefined) return null;
  if (Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff) return seed;
  throw usageError(`--seed ${seed}: expected an integer from 0 to 4294967295`);
}
