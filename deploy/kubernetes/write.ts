/** Writes the manifests: node --import tsx deploy/kubernetes/write.ts */
import { mkdirSync, writeFileSync } from 'node:fs';
import { manifests, manifestsFolder, textOf } from './manifests.ts';

for (const folder of ['base', 'monitoring']) mkdirSync(new URL(folder, manifestsFolder), { recursive: true });
for (const [name, objects] of Object.entries(manifests()))
  writeFileSync(new URL(name, manifestsFolder), textOf(objects));
