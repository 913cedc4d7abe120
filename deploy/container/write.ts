/** Writes the configuration of Prometheus for compose.yaml: node --import tsx deploy/container/write.ts */
import { writeFileSync } from 'node:fs';
import { composedFile, composedPrometheus } from './prometheus.ts';

writeFileSync(composedFile, composedPrometheus());
