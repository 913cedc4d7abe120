/** The folder of a run that never was: everything that a report reads, with known numbers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { stringify } from 'yaml';
import { openHistory } from '../../coordinator/run/history.ts';
import { configSchema } from '../../shared/runtime/config.ts';
import { presets } from '../../shared/runtime/presets.ts';
import { madeUpEvaluation, madeUpStep, stepsPerEpoch } from './made-up-run.ts';

export interface FolderOptions {
  readonly epochs?: number;
  readonly pictures?: boolean;
  readonly componentVariance?: boolean;
}

/** Fills `folder` with a run of preset digits at learning rate 0.003 and seed 7. */
export function makeUpFolder(folder: string, options: FolderOptions = {}): void {
  const { epochs = 6, pictures = true, componentVariance = true } = options;
  for (const name of ['pictures', 'checkpoints']) mkdirSync(join(folder, name), { recursive: true });
  const config = configSchema.parse({ ...presets.digits.settings, learningRate: 0.003, seed: 7 });
  writeFileSync(join(folder, 'config.yaml'), stringify(config));
  const history = openHistory(folder);
  for (let step = 0; step < epochs * stepsPerEpoch; step += 1) history.step(madeUpStep(step));
  for (let epoch = 1; epoch <= epochs; epoch += 1) history.evaluation(madeUpEvaluation(epoch));
  history.flush();
  if (pictures) {
    for (const name of ['samples', 'reconstructions', 'pca-100-unclipped']) {
      writeFileSync(join(folder, 'pictures', `${name}.png`), madeUpPicture(epochs));
    }
    for (let epoch = 1; epoch <= epochs; epoch += 1) {
      const stamp = String(epoch * stepsPerEpoch).padStart(8, '0');
      writeFileSync(join(folder, 'pictures', `samples-step-${stamp}.png`), madeUpPicture(epoch));
    }
  }
  if (!componentVariance) return;
  const eigenvalues = Array.from({ length: 100 }, (_, k) => 8 * (k + 1) ** -1.4);
  const learned = eigenvalues.map((value, k) => 0.012 + value * (0.05 + k / 120));
  writeFileSync(join(folder, 'component-variance.json'), JSON.stringify({ eigenvalues, learned }));
}

/** A grid of 10 x 10 cells of one shade each. */
function madeUpPicture(shade: number): Buffer {
  const side = 10 * 18;
  const png = new PNG({ width: side, height: side });
  for (let pixel = 0; pixel < side * side; pixel += 1) {
    const [column, row] = [Math.floor((pixel % side) / 18), Math.floor(pixel / side / 18)];
    png.data.set([25 * column, 25 * row, (40 * shade) % 256, 255], 4 * pixel);
  }
  return PNG.sync.write(png);
}
