/**
 * Pods as containers of a plain engine, one after another as kubelet would start them: the same commands, variables,
 * users, mounts and restrictions. Names are those that an Indexed Job and a headless Service give.
 */
import {
  chownSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import type { Engine } from './engine.ts';

export type Files = Readonly<Record<string, string>>; // content by name

export interface Cluster {
  readonly engine: Engine;
  readonly folder: string; // of volumes
  readonly network: string; // of the engine
  readonly image: string; // in place of the one that the manifests name
  readonly secrets: Readonly<Record<string, Files>>;
  readonly configMaps: Readonly<Record<string, Files>>;
}

/** Makes keys and a token, with lockstep itself. @returns the secrets that docs/kubernetes.md has made of them */
export function keysOf(engine: Engine, image: string, folder: string): Cluster['secrets'] {
  mkdirSync(folder);
  const words = [
    'keygen',
    '/keys/connection.json',
    '--endpoint',
    'tcp://lockstep-coordinator-0.lockstep:5770',
  ];
  engine.docker(['run', '--rm', '--user', '0', '--volume', `${folder}:/keys`, image, ...words]);
  const read = (name: string): Files => ({ [name]: readFileSync(join(folder, name), 'utf8') });
  return {
    'lockstep-coordinator-keys': {
      ...read('connection.server.json'),
      'http-token': 'a-token-of-24-characters\n',
    },
    'lockstep-worker-keys': read('connection.json'),
  };
}

/** @returns the container's id. @throws where a container before it fails */
export function startPod(cluster: Cluster, job: IJob, index: number): string {
  const { metadata, spec: pod } = job.spec!.template;
  const name = `${job.metadata!.name}-${index}`;
  const group = pod!.securityContext!.fsGroup!;
  const folders = new Map(pod!.volumes!.map((each) => [each.name, volume(cluster, each, name, group)]));
  const start = (container: IContainer, ...how: string[]): string => {
    const words = containerWords(pod!, container, folders, metadata?.labels ?? {});
    const [entry, ...rest] = [...container.command!, ...(container.args ?? [])];
    const place = ['--network', cluster.network, '--entrypoint', entry!, cluster.image];
    const variables = valuesOf(container, metadata?.labels ?? {});
    const expanded = rest.map((word) => word.replaceAll(/\$\((\w+)\)/g, (_, key: string) => variables[key]!));
    return cluster.engine.docker(['run', ...how, ...words, ...place, ...expanded]).trim();
  };
  for (const container of pod!.initContainers ?? []) start(container, '--rm');
  const alias = `${name}.${pod!.subdomain}`;
  return start(pod!.containers[0]!, '--detach', '--hostname', name, '--network-alias', alias);
}

function containerWords(
  pod: IPodSpec,
  container: IContainer,
  folders: ReadonlyMap<string, string>,
  labels: Files,
): string[] {
  const { runAsUser, runAsGroup, fsGroup } = pod.securityContext!;
  const { readOnlyRootFilesystem, capabilities, allowPrivilegeEscalation } = container.securityContext!;
  return [
    '--user',
    `${runAsUser}:${runAsGroup}`,
    '--group-add',
    String(fsGroup),
    ...(readOnlyRootFilesystem === true ? ['--read-only'] : []),
    ...capabilities!.drop!.flatMap((name) => ['--cap-drop', name]),
    ...(allowPrivilegeEscalation === false ? ['--security-opt', 'no-new-privileges'] : []),
    ...Object.entries(valuesOf(container, labels)).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...container.volumeMounts!.flatMap(({ name, mountPath, readOnly }) => [
      '--volume',
      `${folders.get(name)}:${mountPath}${readOnly === true ? ':ro' : ''}`,
    ]),
  ];
}

/** Of its variables; those of fields know labels. */
const valuesOf = ({ env = [] }: IContainer, labels: Files): Record<string, string> =>
  Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      const label = /^metadata\.labels\['(.+)'\]$/.exec(valueFrom?.fieldRef?.fieldPath ?? '')?.[1];
      return [name, value ?? labels[label!]!];
    }),
  );

/** @returns a folder: the same for every pod that names a claim, a new one otherwise */
function volume(
  cluster: Cluster,
  { name, secret, configMap, persistentVolumeClaim }: IVolume,
  pod: string,
  group: number,
) {
  const { folder, secrets, configMaps } = cluster;
  if (persistentVolumeClaim !== undefined) {
    const path = join(folder, persistentVolumeClaim.claimName);
    mkdirSync(path, { recursive: true });
    return ownedBy(path, group, 0o2775);
  }
  const path = ownedBy(mkdtempSync(join(folder, `${pod}-${name}-`)), group, 0o2777);
  if (secret !== undefined) writeVersion(path, secrets[secret.secretName!]!, group, secret.defaultMode!);
  if (configMap !== undefined) writeVersion(path, configMaps[configMap.name!]!, group, 0o644);
  return path;
}

/** As kubelet lays them out: links to a folder that it can exchange. */
function writeVersion(path: string, files: Files, group: number, mode: number): void {
  const version = join(path, '..version');
  mkdirSync(version);
  symlinkSync('..version', join(path, '..data'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(version, name), content);
    ownedBy(join(version, name), group, mode);
    symlinkSync(join('..data', name), join(path, name));
  }
}

function ownedBy(path: string, group: number, mode: number): string {
  chownSync(path, 0, group);
  chmodSync(path, mode);
  return path;
}
