/**
 * What the Prometheus operator and Grafana's sidecar pick up, made of the rules in deploy/prometheus and of the
 * dashboards in deploy/grafana. Labels are those that rules and dashboards go by: `job` is lockstep, `run` the folder.
 */
import { readFileSync } from 'node:fs';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { parse } from 'yaml';
import { dashboards } from '../grafana/dashboards.ts';
import { labelsOf, runLabel, secretOf } from './pods.ts';

type RuleGroups = NonNullable<IPrometheusRule['spec']['groups']>;

const ruleFiles = ['recording.rules.yml', 'alerts.rules.yml'];
const named = { 'app.kubernetes.io/name': 'lockstep' };

export const podMonitor = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PodMonitor',
  metadata: { name: 'lockstep', labels: named },
  spec: {
    selector: { matchLabels: labelsOf('coordinator') },
    jobLabel: 'app.kubernetes.io/name',
    podTargetLabels: [runLabel],
    podMetricsEndpoints: [
      {
        port: 'http',
        path: '/metrics',
        interval: '5s',
        scrapeTimeout: '5s',
        authorization: { credentials: { name: secretOf('coordinator'), key: 'http-token' } },
      },
    ],
  },
} satisfies IPodMonitor;

/** @returns all rules and alerts, as they are committed */
export function prometheusRule(): IPrometheusRule {
  const groups = ruleFiles.flatMap((name) => {
    const text = readFileSync(new URL(`../prometheus/${name}`, import.meta.url), 'utf8');
    return (parse(text) as { groups: RuleGroups }).groups;
  });
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'lockstep', labels: named },
    spec: { groups },
  };
}

/** @returns one for each dashboard, which Grafana's sidecar finds by its label */
export function dashboardMaps(): IConfigMap[] {
  return Object.entries(dashboards()).map(([file, dashboard]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `lockstep-dashboard-${file.replace(/\.json$/, '')}`,
      labels: { ...named, grafana_dashboard: '1' },
    },
    data: { [`lockstep-${file}`]: JSON.stringify(dashboard) },
  }));
}
