/** All manifests, as the files that kustomizations name. They are committed; `write.ts` writes them anew. */
import { stringify } from 'yaml';
import { coordinatorJob, runsVolume, workerJob } from './jobs.ts';
import { dashboardMaps, podMonitor, prometheusRule } from './monitoring.ts';
import { coordinatorPolicy, service, workerPolicy } from './network.ts';

/** Where they are committed. */
export const manifestsFolder = new URL('.', import.meta.url);

/** @returns the objects by the file that they are in, in `deploy/kubernetes` */
export const manifests = (): Readonly<Record<string, readonly object[]>> => ({
  'base/coordinator.yaml': [coordinatorJob],
  'base/worker.yaml': [workerJob],
  'base/service.yaml': [service],
  'base/network-policy.yaml': [coordinatorPolicy, workerPolicy],
  'base/runs.yaml': [runsVolume],
  'monitoring/pod-monitor.yaml': [podMonitor],
  'monitoring/rules.yaml': [prometheusRule()],
  'monitoring/dashboards.yaml': dashboardMaps(),
});

/** @returns YAML documents */
export const textOf = (objects: readonly object[]): string =>
  `# Written by deploy/kubernetes/write.ts, from what lies beside it.\n${objects
    .map((each) => stringify(each, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n')}`;
