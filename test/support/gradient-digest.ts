/**
 * Prints a digest of everything a process computes for one micro-batch: two processes must print the same.
 *
 *   node --import tsx test/support/gradient-digest.ts RUNTIME
 */
import { createHash } from 'node:crypto';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { RuntimeName } from '../../shared/model/runtime.ts';
import { drawKey, seededBatch, smallVae } from './small-vae.ts';

const options = { threads: 1, precision: 'float32', allowCpu: true } as const;
const runtime = await openRuntime(process.argv[2] as RuntimeName, options);
const settings = { width: 512, latent: 64, encoderBlocks: 3, branchBlocks: 2, decoderBlocks: 5 };
const compute = await smallVae(runtime, { settings });
const batch = seededBatch(250);
const gradient = new Float32Array(compute.layout.parameterCount);
const hash = createHash('sha256');
for (let step = 0; step < 2; step++) {
  const terms = await compute.gradient(batch, drawKey({ step }), { klWeight: 1 }, gradient);
  hash.update(gradient).update(JSON.stringify(terms));
}
const sums = new Float64Array(compute.statisticsLength);
await compute.statistics(batch, drawKey({ purpose: 'statistics' }), sums);
const terms = await compute.evaluate(batch, drawKey({ purpose: 'evaluation' }), { klWeight: 1 });
hash.update(sums).update(JSON.stringify(terms));
console.log(hash.digest('hex'));
