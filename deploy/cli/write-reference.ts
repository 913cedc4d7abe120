/** Writes docs/cli.md: node --import tsx deploy/cli/write-reference.ts */
import { writeFileSync } from 'node:fs';
import { reference, referenceFile } from './reference.ts';

writeFileSync(referenceFile, await reference());
