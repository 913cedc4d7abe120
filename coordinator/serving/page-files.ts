/** The files of the live page: its own, beside it in `coordinator/page`, and uPlot's, wherever npm has put them. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array;
}

const folder = resolve(import.meta.dirname, '../page');
const types = {
  html: 'text/html',
  css: 'text/css',
  mjs: 'text/javascript',
  svg: 'image/svg+xml',
} as const;

const own = [
  'index.html',
  'page.css',
  'icon.svg',
  'page.mjs',
  'charts.mjs',
  'curves.mjs',
  'figures.mjs',
  'pictures.mjs',
  'tables.mjs',
];
const others: Readonly<Record<string, string>> = {
  'uplot.mjs': 'uplot/dist/uPlot.esm.js',
  'uplot.css': 'uplot/dist/uPlot.min.css',
};

/** @param path of the address, such as `/page.css`. @returns null for any other */
export async function readPageFile(path: string): Promise<PageFile | null> {
  const name = path === '/' ? 'index.html' : path.slice(1);
  const file = locate(name);
  const type = types[name.split('.').at(-1) as keyof typeof types];
  return file === null ? null : { type, body: await readFile(file) };
}

function locate(name: string): string | null {
  if (own.includes(name)) return join(folder, name);
  if (!Object.hasOwn(others, name)) return null;
  return createRequire(import.meta.url).resolve(others[name]!);
}
