#!/usr/bin/env node
/**
 * Makes a fresh clone ready to run, with nothing but Node and npm on the machine: npm's packages, the WASM
 * kernels, and a TensorFlow runtime under tfjs-node-gpu. A second run finds all of it and ends at once.
 *
 * It depends on no package, for there are none yet, and loads the rest only after looking at Node's version,
 * so that a Node too old to parse it still gets one clear line.
 */
import { unsupportedNode } from './setup/node.mjs';

const problem = unsupportedNode(process.versions.node);
if (problem) {
  console.error(problem);
  process.exitCode = 69;
} else {
  void import('./setup/main.mjs').then(({ runSetUp }) => runSetUp({ fetch: true, retry: false }));
}
