/** Samples and reconstructions of each setting, from its first seed: the top rows of the grids that it ended with. */
import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { plural } from '../../../shared/text.ts';
import { embed, type EmbeddedPicture } from '../pictures.ts';
import type { PictureFile } from '../read-run.ts';
import type { Shown } from './study.ts';

const kinds = [
  ['samples', 'Samples'],
  ['reconstructions', 'Reconstructions'],
] as const;
const gridRows = 10; // of the pictures
const rows = 4; // shown

/** In pairs, a setting after the other. */
export function picturesOf(shown: readonly Shown[]): EmbeddedPicture[] {
  return shown.flatMap(({ label, arm }) => {
    const trial = arm.trials[0];
    if (trial === undefined) return [];
    return kinds.flatMap(([name, title]): EmbeddedPicture[] => {
      const file = latest(trial.run.pictures, name);
      if (file === undefined) return [];
      const { steps } = trial.run;
      const caption = `Seed ${trial.plan.config.seed}, after ${plural(steps.length, 'update')}.`;
      return [
        { title: `Batch ${label}: ${title.toLowerCase()}`, caption, ...crop(file.path), isWide: false },
      ];
    });
  });
}

/** The bare name is the latest of all. */
function latest(files: readonly PictureFile[], name: string): PictureFile | undefined {
  const own = files.filter((file) => file.name === name);
  return own.sort((a, b) => (a.step ?? Infinity) - (b.step ?? Infinity)).at(-1);
}

/** The top rows; of a grid twice as wide as it is high, which holds pairs, the left half. */
function crop(path: string): Pick<EmbeddedPicture, 'source' | 'width' | 'height'> {
  const whole = PNG.sync.read(readFileSync(path));
  const width = whole.width > 1.5 * whole.height ? Math.floor(whole.width / 2) : whole.width;
  const height = Math.ceil((rows * whole.height) / gridRows);
  const part = new PNG({ width, height });
  PNG.bitblt(whole, part, 0, 0, width, height, 0, 0);
  return embed(PNG.sync.write(part));
}
