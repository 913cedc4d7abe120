#!/usr/bin/env node
/**
 * What npm links as `lockstep`. A clone has the sources beside this file, an installed package the compiled ones only;
 * a path that is there in both lets `npx lockstep` begin in a clone where nothing was set up yet.
 */
import { existsSync } from 'node:fs';

const entry = ['lockstep.mjs', '../dist/deploy/lockstep.mjs']
  .map((path) => new URL(path, import.meta.url))
  .find((path) => existsSync(path));
if (entry !== undefined) void import(entry.href);
else {
  console.error(
    'lockstep: this package was packed without its compiled JavaScript; pack it by `npm run release`',
  );
  process.exitCode = 69;
}
