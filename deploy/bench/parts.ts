/** The parts that benchmarks run in processes of their own, by name; each is loaded in its process alone. */
import type { OpenPart } from './part.ts';

export const parts: Readonly<Record<string, () => Promise<OpenPart>>> = {
  gradient: async () => (await import('./parts/gradient.ts')).openGradient,
  'peers-reference': async () => (await import('./peers/reference.ts')).openReference,
  'exchange-reducer': async () => (await import('./parts/exchange-reducer.ts')).openExchangeReducer,
  'exchange-run': async () => (await import('./parts/exchange-run.ts')).openExchangeRun,
  'exchange-worker': async () => (await import('./parts/exchange-worker.ts')).openExchangeWorker,
  'linked-coordinator': async () => (await import('./parts/linked-coordinator.ts')).openLinkedCoordinator,
  'linked-worker': async () => (await import('./parts/linked-worker.ts')).openLinkedWorker,
  'read-mat': async () => (await import('./parts/read-mat.ts')).openReadMat,
};
