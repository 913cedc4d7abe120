/**
 * What the pods of a run have in common: who they are, how little they may do, and where they write. A root file system
 * is read-only, so every path that is written to is a volume.
 */
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { ISecurityContext } from 'kubernetes-models/v1/SecurityContext';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import type { IVolumeMount } from 'kubernetes-models/v1/VolumeMount';
import type { IJobSpec } from 'kubernetes-models/batch/v1/JobSpec';

/** The name of the Service, and so the subdomain of the pods: lockstep-coordinator-0.lockstep. */
export const serviceName = 'lockstep';
/** Kustomizations give it a registry and a tag. */
export const image = 'lockstep';
export const ports = { frames: 5770, http: 5771 } as const;
export const runLabel = 'run'; // on the coordinator: the run's folder, and its name in Prometheus
const user = 1000; // as the image has it

export type Role = 'coordinator' | 'worker';

export const labelsOf = (role: Role) => ({
  'app.kubernetes.io/name': 'lockstep',
  'app.kubernetes.io/component': role,
});

export const secretOf = (role: Role): string => `lockstep-${role}-keys`;

const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} satisfies ISecurityContext;

interface Mounted {
  readonly volume: IVolume;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

interface Parts {
  readonly role: Role;
  readonly container: Pick<IContainer, 'command' | 'args'> & Partial<IContainer>;
  readonly volumes: readonly Mounted[];
  readonly graceSeconds: number; // from being asked to end to being ended
}

/** A pod of one container, after one that gives it its keys as it wants them. */
export function podOf({ role, container, volumes: own, graceSeconds }: Parts): IPodSpec {
  const volumes = [...own, ...scratch];
  const mounts = volumes.map(({ volume, mountPath, readOnly }): IVolumeMount => ({
    name: volume.name,
    mountPath,
    ...(readOnly === true ? { readOnly } : {}),
  }));
  return {
    subdomain: serviceName,
    restartPolicy: 'Never', // the Job decides, by the exit code
    terminationGracePeriodSeconds: graceSeconds,
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    initContainers: [takeKeys],
    containers: [
      {
        name: role,
        image,
        ...container,
        securityContext: restricted,
        volumeMounts: [{ name: 'keys', mountPath: '/keys', readOnly: true }, ...mounts],
      },
    ],
    volumes: [
      { name: 'secret', secret: { secretName: secretOf(role), defaultMode: 0o440 } },
      { name: 'keys', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ...volumes.map(({ volume }) => volume),
    ],
  };
}

/** A secret's files are root's and its group's; lockstep takes keys that nobody but their owner may read. */
const takeKeys: IContainer = {
  name: 'take-keys',
  image,
  command: ['sh', '-c', 'umask 077 && cp /secret/* /keys/'],
  resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
  securityContext: restricted,
  volumeMounts: [
    { name: 'secret', mountPath: '/secret', readOnly: true },
    { name: 'keys', mountPath: '/keys' },
  ],
};

const scratch: readonly Mounted[] = [
  { volume: { name: 'tmp', emptyDir: {} }, mountPath: '/tmp' },
  { volume: { name: 'rows', emptyDir: {} }, mountPath: '/var/lib/lockstep/rows' }, // of data
];

/**
 * What a Job does about a pod that failed. Exit codes 64, 65 and 78 are about what somebody wrote, and will be the same
 * next time; a pod that the cluster wanted out of the way does not count; all else may pass, and is tried again.
 */
export const failurePolicyOf = (role: Role): NonNullable<IJobSpec['podFailurePolicy']> => ({
  rules: [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailJob', onExitCodes: { containerName: role, operator: 'In', values: [64, 65, 78] } },
  ],
});
