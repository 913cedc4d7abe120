#!/usr/bin/env node
/**
 * What npm links as `lockstep`. A clone has the sources beside this file, an installed package the compiled ones only;
 * a path that is there in both lets `npx lockstep` begin in a clone where nothing was set up yet.
 */
import { existsSync } from 'node:fs';

const source = new URL('lockstep.mjs', import.meta.url);
void import(existsSync(source) ? './lockstep.mjs' : '../dist/deploy/lockstep.mjs');
