/** The pictures in a run folder, for the live page: which there are, and of which step. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface PictureView {
  readonly name: string; // of the file, without extension
  readonly modified: number; // ms since 1970: a new one has another address
  readonly steps: readonly number[]; // of which older ones are kept, ascending
}

const latestPattern = /^([a-z]+(?:-[a-z]+)*)\.png$/i;
const olderPattern = /^([a-z]+(?:-[a-z]+)*)-step-(\d{8})\.png$/i;
const shownFirst = ['samples', 'reconstructions', 'interpolation'];
const stepsMax = 200; // older ones that are offered

/** @returns none where there is no folder */
export async function listPictures(folder: string): Promise<PictureView[]> {
  const names = await readdir(folder).catch(nothing<string[]>([]));
  const views = names.flatMap(async (name) => {
    const [, latest] = latestPattern.exec(name) ?? [];
    if (latest === undefined || latest === 'originals') return []; // those stand beside the reconstructions
    const found = await stat(join(folder, name)).catch(nothing(null));
    if (found === null) return [];
    return [{ name: latest, modified: Math.round(found.mtimeMs), steps: thinned(stepsOf(names, latest)) }];
  });
  const rank = ({ name }: PictureView): number => (shownFirst.indexOf(name) + 99) % 99;
  return (await Promise.all(views)).flat().sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** @param name of a file, as an address has it. @returns null when there is no such picture */
export async function readPicture(folder: string, name: string): Promise<Uint8Array | null> {
  if (!latestPattern.test(name) && !olderPattern.test(name)) return null;
  return readFile(join(folder, name)).catch(nothing(null));
}

const stepsOf = (names: readonly string[], of: string): number[] =>
  names
    .flatMap((name) => {
      const [, picture, step] = olderPattern.exec(name) ?? [];
      return picture === of ? [Number(step)] : [];
    })
    .sort((a, b) => a - b);

/** So many at most, evenly; the last one among them. */
function thinned(steps: readonly number[]): number[] {
  const stride = Math.ceil(steps.length / stepsMax);
  return steps.filter((_, index) => (steps.length - 1 - index) % stride === 0);
}

/** In the place of what is not there (any more). */
const nothing =
  <T>(instead: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return instead;
    throw error;
  };
