/**
 * What set-up has put in place, for people: a line for each of its three parts.
 */
import { kernelsAreCurrent } from './kernels.mjs';
import { packagesMatch } from './packages.mjs';
import { findPaths } from './paths.mjs';
import { describeTensorflow } from './tensorflow.mjs';

/** @returns {string} */
export function describeSetUp(paths = findPaths()) {
  const { isClone, cache } = paths;
  const lines = [
    `cache       ${cache}`,
    `TensorFlow  ${describeTensorflow(paths) ?? 'none: training runs on wasm'}`,
  ];
  if (!isClone) return `${lines.join('\n')}\n`;
  const packages = packagesMatch(paths)
    ? 'as package-lock.json names them'
    : 'not those of package-lock.json';
  const kernels = kernelsAreCurrent(paths) ? 'compiled' : 'not compiled';
  return `packages    ${packages}\nkernels     ${kernels}\n${lines.join('\n')}\n`;
}
