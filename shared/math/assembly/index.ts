/**
 * The module that `lockstep setup` compiles from AssemblyScript to WebAssembly SIMD: the float kernels of the
 * exchange (reduce, bfloat16, adam, checksum), counter-based random numbers (random, dropout-mask), and a
 * symmetric eigen-solver (eigen, tridiagonal).
 *
 * It is a language of its own with TypeScript's syntax; tsconfig.json leaves this folder out. Memory is
 * imported, arguments are byte offsets into it, and nothing is allocated here. The first 64 KiB belong to the
 * module itself.
 */
export { add, add64, finishLeaf, scale, addScaled, squares } from './reduce';
export { narrow, addBfloat16, addToRoot } from './bfloat16';
export { adam } from './adam';
export { fillWords, fillUniform, fillNormal } from './random';
export { fillDropoutMask } from './dropout-mask';
export { reduceStep, reflectFour, orthogonalise } from './eigen';
export { countAbove, factorise, solve, residual, normalise } from './tridiagonal';
export { checksumRows, checksumEnd } from './checksum';
