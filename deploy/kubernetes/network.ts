/** Who reaches whom: a name for the coordinator, and nothing else in or out but what a run needs. */
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IService } from 'kubernetes-models/v1/Service';
import { labelsOf, ports, serviceName, type Role } from './pods.ts';

/** Headless: names of pods, and no address of its own. Workers may connect before the coordinator is ready. */
export const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: serviceName, labels: labelsOf('coordinator') },
  spec: {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    selector: labelsOf('coordinator'),
    ports: [
      { name: 'frames', port: ports.frames, targetPort: 'frames' },
      { name: 'http', port: ports.http, targetPort: 'http' },
    ],
  },
} satisfies IService;

const podsOf = (role: Role) => ({ podSelector: { matchLabels: labelsOf(role) } });
const tcp = (port: number) => ({ protocol: 'TCP', port }) as const;

/** Workers come in; a Prometheus of the namespace `monitoring` reads. It has nobody to ask for anything. */
export const coordinatorPolicy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'lockstep-coordinator', labels: labelsOf('coordinator') },
  spec: {
    podSelector: { matchLabels: labelsOf('coordinator') },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      { from: [podsOf('worker')], ports: [tcp(ports.frames)] },
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        ports: [tcp(ports.http)],
      },
    ],
    egress: [],
  },
} satisfies INetworkPolicy;

/** A worker asks for the coordinator's name, and goes there. */
export const workerPolicy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'lockstep-worker', labels: labelsOf('worker') },
  spec: {
    podSelector: { matchLabels: labelsOf('worker') },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [],
    egress: [
      { to: [podsOf('coordinator')], ports: [tcp(ports.frames)] },
      {
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
        ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
      },
    ],
  },
} satisfies INetworkPolicy;
