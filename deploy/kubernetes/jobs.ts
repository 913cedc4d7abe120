/**
 * A run as two Jobs. Both are Indexed, so a pod keeps its name when it is made again: workers find a coordinator that
 * another node took over, and one pod is never there twice (podReplacementPolicy). The coordinator's folder is on a
 * claim of its own, from which it goes on.
 */
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { IPersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { variableName } from '../../shared/runtime/field.ts';
import { failurePolicyOf, labelsOf, podOf, ports, runLabel, type Role } from './pods.ts';

const runsClaim = 'lockstep-runs';
/** The settings of the run, which a kustomization makes of its run.yaml. */
export const settingsName = 'lockstep-settings';
const checkpointSeconds = 120; // that the coordinator has for its last one
const retries = 20; // of one pod, for what may pass

export const coordinatorJob = jobOf('coordinator', 1, {
  labels: { [runLabel]: 'run' },
  pod: podOf({
    role: 'coordinator',
    graceSeconds: checkpointSeconds,
    container: {
      command: ['tini', '--', 'lockstep-coordinator'],
      args: [
        '/runs/$(RUN)',
        '/etc/lockstep/run.yaml',
        '--keys=/keys/connection.server.json',
        '--host=0.0.0.0',
        `--port=${ports.frames}`,
        '--http-host=0.0.0.0',
        `--http-port=${ports.http}`,
        '--http-token-file=/keys/http-token',
        '--targets-dir=none', // a PodMonitor finds it
        '--json',
      ],
      env: [
        { name: 'RUN', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${runLabel}']` } } },
        { name: variableName('terminationGraceSeconds'), value: String(checkpointSeconds) },
      ],
      ports: [
        { name: 'frames', containerPort: ports.frames },
        { name: 'http', containerPort: ports.http },
      ],
      // Neither needs the token. A page that is slow is no reason to end a run, so it may be slow for a minute.
      startupProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 5, failureThreshold: 60 },
      livenessProbe: {
        httpGet: { path: '/healthz', port: 'http' },
        periodSeconds: 10,
        timeoutSeconds: 10,
        failureThreshold: 6,
      },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 5, timeoutSeconds: 5 },
      resources: { requests: { cpu: '2', memory: '4Gi' }, limits: { memory: '16Gi' } },
    },
    volumes: [
      {
        volume: { name: 'settings', configMap: { name: settingsName } },
        mountPath: '/etc/lockstep',
        readOnly: true,
      },
      { volume: { name: 'runs', persistentVolumeClaim: { claimName: runsClaim } }, mountPath: '/runs' },
    ],
  }),
});

export const workerJob = jobOf('worker', 2, {
  labels: {},
  pod: podOf({
    role: 'worker',
    graceSeconds: 30, // it has nothing to save
    container: {
      command: ['tini', '--', 'lockstep', 'worker'],
      args: ['--connect=/keys/connection.json'],
      resources: { requests: { cpu: '2', memory: '8Gi' }, limits: { memory: '32Gi', 'nvidia.com/gpu': '1' } },
    },
    volumes: [],
  }),
});

export const runsVolume = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: runsClaim, labels: { 'app.kubernetes.io/name': 'lockstep' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '20Gi' } } },
} satisfies IPersistentVolumeClaim;

interface JobParts {
  readonly labels: Readonly<Record<string, string>>; // of the pod, besides the role's
  readonly pod: ReturnType<typeof podOf>;
}

function jobOf(role: Role, count: number, { labels, pod }: JobParts): IJob {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `lockstep-${role}`, labels: labelsOf(role) },
    spec: {
      completionMode: 'Indexed',
      completions: count,
      parallelism: count,
      backoffLimitPerIndex: retries,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: failurePolicyOf(role),
      template: { metadata: { labels: { ...labelsOf(role), ...labels } }, spec: pod },
    },
  };
}
