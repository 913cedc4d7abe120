/**
 * How a TensorFlow lies on disk: as Python's wheels unpack it, or as the vendor's libtensorflow archives do.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./addon.mjs').Library} Library */

const WHEEL_FILES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
const ARCHIVE_FILES = ['libtensorflow.so.2', 'libtensorflow_framework.so.2'];

/** Below a folder: where the headers are, where the libraries are, and their names. */
const layouts = [
  { include: 'include', lib: '.', files: WHEEL_FILES }, // site-packages/tensorflow
  { include: 'tensorflow/include', lib: 'tensorflow', files: WHEEL_FILES }, // site-packages
  { include: 'include', lib: 'lib', files: ARCHIVE_FILES }, // libtensorflow-*.tar.gz
];

/**
 * @param {string} folder relative to the cache
 * @param {'cpu' | 'gpu'} flavour
 * @returns {Library} of wheels that were unpacked there
 */
export const wheelLibrary = (folder, flavour) => ({
  flavour,
  folder,
  include: 'tensorflow/include',
  lib: 'tensorflow',
  files: WHEEL_FILES,
});

/**
 * @param {string} folder absolute
 * @returns {Library | null} null when it is laid out in no known way
 */
export function findUserLibrary(folder) {
  const layout = layouts.find(
    ({ include, lib, files }) =>
      existsSync(join(folder, include, 'tensorflow', 'c', 'c_api.h')) &&
      files.every((file) => existsSync(join(folder, lib, file))),
  );
  return layout ? { flavour: 'user', folder, ...layout } : null;
}
