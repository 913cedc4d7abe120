/** All dashboards, as the files that Grafana reads. They are committed; `write.ts` writes them anew. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { cluster } from './cluster.ts';
import { sweep } from './sweep.ts';
import { training } from './training.ts';

/** Where they are committed, and what Grafana's provisioning names. */
export const dashboardsFolder = new URL('dashboards/', import.meta.url);

/** @returns the dashboards by the name of their file */
export const dashboards = (): Readonly<Record<string, Dashboard>> => ({
  'training.json': training(),
  'cluster.json': cluster(),
  'sweep.json': sweep(),
});

export const textOf = (dashboard: Dashboard): string => `${JSON.stringify(dashboard, null, 2)}\n`;
