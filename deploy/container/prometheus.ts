/**
 * The configuration of Prometheus in compose.yaml: the committed one of deploy/prometheus, with its files where the
 * container has them, and with the token that the coordinator asks for. `write.ts` writes it anew.
 */
import { readFileSync } from 'node:fs';
import { configurationOf } from '../monitor/configuration.ts';

const committed = new URL('../prometheus/prometheus.yml', import.meta.url);
const folder = '/etc/prometheus'; // in the container

/** Where it is committed. */
export const composedFile = new URL('prometheus.yml', import.meta.url);

/** @returns YAML */
export function composedPrometheus(): string {
  const where = {
    rulesFolder: folder,
    targetsFolder: `${folder}/targets`,
    runsFolder: null,
    tokenFile: '/run/secrets/http-token',
  };
  return `# Made of deploy/prometheus/prometheus.yml by deploy/container/write.ts.\n${configurationOf(
    readFileSync(committed, 'utf8'),
    where,
  )}`;
}
