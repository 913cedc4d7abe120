/** Writes the dashboards: node --import tsx deploy/grafana/write.ts */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dashboards, dashboardsFolder, textOf } from './dashboards.ts';

mkdirSync(dashboardsFolder, { recursive: true });
for (const [name, dashboard] of Object.entries(dashboards()))
  writeFileSync(new URL(name, dashboardsFolder), textOf(dashboard));
