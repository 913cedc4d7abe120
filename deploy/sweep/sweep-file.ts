/**
 * `sweep.json`: what a sweep is and how far it is. It is replaced whole after every change, so that a kill at any
 * moment leaves a file to go on from. `trials` has one flat record a trial, for tables; `plans` the same trials with
 * their complete configurations.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomicallySync } from '../../shared/data/atomic-file.ts';
import { dataError } from '../../shared/errors.ts';
import { configSchema } from '../../shared/runtime/config.ts';
import { presetNames } from '../../shared/runtime/presets.ts';
import type { TrialPlan } from './plan.ts';
import { learningRateRules } from './rules.ts';

const number = z.number().nullable();
const states = ['waiting', 'running', 'interrupted', 'finished', 'failed'] as const;
const trialSchema = z.object({
  trial: z.string(),
  state: z.enum(states),
  batchSize: z.number(),
  microBatchSize: number,
  learningRate: z.number(),
  rule: z.enum(learningRateRules),
  seed: z.number(),
  control: z.boolean(),
  workers: number, // that it ran on
  epochs: number,
  steps: number,
  heldOutLoss: number,
  samplesPerSecond: number,
  seconds: number, // of its process, over all sittings
  parametersSha256: z.string().nullable(),
  problem: z.string().nullable(),
});
const planSchema = z.object({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]*$/),
  preset: z.enum(presetNames),
  config: configSchema,
  rule: z.enum(learningRateRules),
  isControl: z.boolean(),
}) satisfies z.ZodType<TrialPlan>;
const sweepSchema = z.object({
  version: z.literal(1),
  command: z.string(), // that made it, or added to it last
  startedAt: z.string(), // ISO 8601
  unit: number, // micro-batch size of all trials but the control; null where it is an axis
  referenceBatchSize: z.number(), // of the rules of the learning rate
  budget: z.string(),
  sharpness: z.boolean().default(false), // whether it is measured where trials end
  trials: z.array(trialSchema),
  plans: z.array(planSchema),
});

export type TrialState = (typeof states)[number];
export type TrialRecord = z.infer<typeof trialSchema>;
export type SweepFile = z.infer<typeof sweepSchema>;

const fileName = 'sweep.json';

export const sweepFileOf = (dir: string): string => join(dir, fileName);

export const isSweepFolder = (dir: string): boolean => existsSync(sweepFileOf(dir));

/** @throws LockstepError (65) where there is none, or it is damaged */
export function readSweepFile(dir: string): SweepFile {
  const path = join(dir, fileName);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    throw dataError(`${path} cannot be read (${reason}): expected the folder of a sweep`, error);
  }
  const parsed = sweepSchema.safeParse(content);
  const fits = parsed.success && parsed.data.plans.length === parsed.data.trials.length;
  if (fits) return parsed.data;
  const reasons = parsed.error ? z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, ' ') : 'a trial lacks';
  throw dataError(`${path} is damaged: ${reasons}; restore it, or begin another sweep`);
}

export const writeSweepFile = (dir: string, sweep: SweepFile): void =>
  writeFileAtomicallySync(join(dir, fileName), `${JSON.stringify(sweep, null, 1)}\n`);

/** What is known of a trial before it begins. */
export const newRecord = ({ name, config, rule, isControl }: TrialPlan): TrialRecord => ({
  trial: name,
  state: 'waiting',
  batchSize: config.batchSize,
  microBatchSize: config.microBatchSize,
  learningRate: config.learningRate,
  rule,
  seed: config.seed,
  control: isControl,
  workers: config.workers,
  epochs: null,
  steps: null,
  heldOutLoss: null,
  samplesPerSecond: null,
  seconds: null,
  parametersSha256: null,
  problem: null,
});
