#!/usr/bin/env node
/**
 * The command `lockstep`. In an installed package it runs the compiled JavaScript; in a clone it runs the
 * TypeScript through tsx, after putting right what can be put right without waiting: links that `npm ci` wiped,
 * kernels whose sources changed, and in a fresh clone everything. All in this one process, so that signals,
 * standard streams and exit code are the command's own.
 */
import { unsupportedNode } from './setup/node.mjs';

const problem = unsupportedNode(process.versions.node);
if (problem) {
  console.error(problem);
  process.exitCode = 69;
} else {
  void import('./setup/launch.mjs').then(({ launch }) => launch());
}
