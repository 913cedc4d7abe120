/** What `kubectl kustomize` makes of a folder, offline, as objects that Kubernetes' own schemas have checked. */
import { spawnSync } from 'node:child_process';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { Job, type IJob } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Service } from 'kubernetes-models/v1/Service';
import { parseAllDocuments } from 'yaml';
import { kubectl } from '../requires.ts';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** @param folder with a kustomization. @throws with what kubectl said */
export function kustomized(folder: string): KubernetesObject[] {
  const { status, stdout, stderr } = spawnSync(kubectl, ['kustomize', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl kustomize ${folder}:\n${stderr}`);
  return parseAllDocuments(stdout).map((each) => each.toJS() as KubernetesObject);
}

const models = { ConfigMap, Job, NetworkPolicy, PersistentVolumeClaim, PodMonitor, PrometheusRule, Service };

/** @throws where a field has another type than in Kubernetes, or a needed one is missing */
export function checkObject(object: KubernetesObject): void {
  const Model = models[object.kind as keyof typeof models] as unknown as
    (new (data: object) => { validate(): void }) | undefined;
  if (Model === undefined) throw new Error(`no schema of ${object.kind} is known here`);
  try {
    new Model(object).validate();
  } catch (error) {
    throw new Error(`${object.kind} ${object.metadata.name}: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws where there is none of that name */
export function jobNamed(objects: readonly KubernetesObject[], name: string): IJob {
  const found = objects.find(({ kind, metadata }) => kind === 'Job' && metadata.name === name);
  if (found === undefined) throw new Error(`no Job ${name}`);
  return found as unknown as IJob;
}
