import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { manifests, manifestsFolder, textOf } from '../../../deploy/kubernetes/manifests.ts';
import { exitCodes } from '../../../shared/errors.ts';
import {
  checkObject,
  jobNamed,
  kustomized,
  type KubernetesObject,
} from '../../support/containers/kustomized.ts';
import { requires } from '../../support/requires.ts';

const folder = fileURLToPath(manifestsFolder);
const overlays = ['overlays/cpu', 'overlays/svhn'];

for (const [name, objects] of Object.entries(manifests())) {
  test(`${name} is what the program writes: node --import tsx deploy/kubernetes/write.ts`, () => {
    assert.equal(readFileSync(new URL(name, manifestsFolder), 'utf8'), textOf(objects));
  });
  test(`every object of ${name} is one of Kubernetes' own kind`, () => {
    for (const object of objects) checkObject(object as KubernetesObject);
  });
}

test('a field of another type, or a word that is none, is found', () => {
  const [job] = manifests()['base/worker.yaml'] as [{ spec: object; metadata: object }];
  const broken = { ...job, spec: { ...job.spec, podReplacementPolicy: 'Never' } };
  assert.throws(() => checkObject(broken as unknown as KubernetesObject), /podReplacementPolicy/);
});

for (const overlay of overlays) {
  test(`${overlay} comes to objects that are whole, all in one namespace`, (context) => {
    if (!requires('kubectl', context)) return;
    const objects = kustomized(`${folder}/${overlay}`);
    objects.forEach(checkObject);
    assert.deepEqual([...new Set(objects.map(({ metadata }) => metadata.namespace))], ['lockstep']);
    const worker = jobNamed(objects, 'lockstep-worker');
    assert.equal(worker.spec!.completions, worker.spec!.parallelism);
    const settings = objects.find(({ metadata }) => metadata.name === 'lockstep-settings') as unknown as {
      data: Record<string, string>;
    };
    const { workers } = parse(settings.data['run.yaml']!) as { workers: number };
    assert.equal(workers, worker.spec!.completions, 'as many workers are expected as there are');
  });
}

test('only workers ask for a GPU, and none where there is none', (context) => {
  if (!requires('kubectl', context)) return;
  const gpusOf = (overlay: string, name: string): unknown =>
    jobNamed(kustomized(`${folder}/${overlay}`), name).spec!.template.spec!.containers[0]!.resources!.limits![
      'nvidia.com/gpu'
    ];
  assert.equal(gpusOf('overlays/svhn', 'lockstep-worker'), '1');
  assert.equal(gpusOf('overlays/svhn', 'lockstep-coordinator'), undefined);
  assert.equal(gpusOf('overlays/cpu', 'lockstep-worker'), undefined);
});

test('a Job gives up on what somebody must mend, and on nothing that may pass', () => {
  const [{ spec }] = manifests()['base/coordinator.yaml'] as [
    { spec: { podFailurePolicy: { rules: { action: string; onExitCodes?: { values: number[] } }[] } } },
  ];
  const final = spec.podFailurePolicy.rules.flatMap(({ onExitCodes }) => onExitCodes?.values ?? []);
  const { usage, data, configuration } = exitCodes;
  assert.deepEqual(final, [usage, data, configuration]);
});

test('rules and dashboards are those of Prometheus and Grafana elsewhere, whole', () => {
  const [rule] = manifests()['monitoring/rules.yaml'] as [{ spec: { groups: { rules: unknown[] }[] } }];
  const files = ['recording.rules.yml', 'alerts.rules.yml'].map((name) =>
    readFileSync(new URL(`../prometheus/${name}`, manifestsFolder), 'utf8'),
  );
  assert.deepEqual(
    rule.spec.groups,
    files.flatMap((text) => (parse(text) as { groups: unknown[] }).groups),
  );
  const maps = manifests()['monitoring/dashboards.yaml'] as { data: Record<string, string> }[];
  for (const { data } of maps) {
    const [[file, text]] = Object.entries(data) as [[string, string]];
    const committed = new URL(`../grafana/dashboards/${file.replace('lockstep-', '')}`, manifestsFolder);
    assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(committed, 'utf8')));
  }
});
