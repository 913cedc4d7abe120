/**
 * What the live page shows of a run, as plain data: everything for whoever opens it, and afterwards only what has
 * changed. It is told as the screen is; nothing is made of it before somebody looks.
 */
import type { EvaluationRecord, StepRecord } from '../journal.ts';
import type { Extent } from '../screen/lines.ts';
import { describeNotice } from '../screen/notices.ts';
import { describeBasis, describeBatch, describeModel, type StartedFacts } from '../screen/opening.ts';
import { createPace } from '../screen/pace.ts';
import { createCourse, type Point } from './course.ts';
import type { RunWatcher } from './watchers.ts';

/** Times are seconds since 1970. */
export interface HappeningView {
  readonly at: number;
  readonly text: string;
  readonly level: 'plain' | 'warning' | 'problem';
}

export interface ProgressView {
  readonly state: 'preparing' | 'training' | 'ended' | 'failed';
  readonly doing: string; // what goes on between steps; empty while there are steps
  readonly steps: number; // made
  readonly plannedSteps: number | null; // not known before the first step
  readonly epoch: number;
  readonly plannedEpochs: number | null;
  readonly samplesPerSecond: number | null; // lately
  readonly remainingSeconds: number | null;
}

export interface RunView {
  readonly name: string; // of its folder
  readonly facts: readonly (readonly [label: string, text: string])[];
  readonly notices: readonly string[];
}

/** What may have changed; `points` begin at index `first`, and replace what the reader has from there on. */
export interface Changes {
  readonly run?: RunView;
  readonly progress?: ProgressView;
  readonly course?: { readonly first: number; readonly points: readonly Point[] };
  readonly evaluations?: { readonly first: number; readonly records: readonly EvaluationRecord[] };
  readonly happenings?: readonly HappeningView[];
}

export interface Story extends RunWatcher {
  /** Steps and evaluations of earlier sittings, when a run is resumed. */
  remember(steps: readonly StepRecord[], evaluations: readonly EvaluationRecord[]): void;
  /** @param failure why, where it ended badly */
  ended(how: string, failure?: string): void;
  whole(): Changes;
  /** What changed since this was called last; null when nothing did. */
  changes(): Changes | null;
}

const happeningsMax = 100;
const evaluationsMax = 1000;

/** @param name of the run's folder */
export function createStory(name: string, nowMs: () => number, wallSeconds: () => number): Story {
  const course = createCourse();
  const pace = createPace(nowMs);
  let run: RunView = { name, facts: [], notices: [] };
  let evaluations: EvaluationRecord[] = [];
  let happenings: HappeningView[] = [];
  let progress = before;
  let told = { length: 0, version: 0, evaluations: 0 };
  const changed = new Set<'run' | 'progress' | 'happenings'>();

  function happen(level: HappeningView['level'], text: string): void {
    happenings = [...happenings, { at: wallSeconds(), text, level }].slice(-happeningsMax);
    changed.add('happenings');
  }

  function become(next: Partial<ProgressView>): void {
    progress = { ...progress, ...next };
    changed.add('progress');
  }

  const addFact = (label: string, text: string): void => {
    run = { ...run, facts: [...run.facts.filter(([known]) => known !== label), [label, text]] };
    changed.add('run');
  };

  return {
    remember(steps, earlier) {
      steps.forEach((record) => course.add(record));
      evaluations = thinned(earlier);
      const last = steps.at(-1);
      if (last !== undefined) become({ steps: last.step + 1, epoch: last.epoch });
    },
    started(facts) {
      run = { ...run, facts: [...run.facts, ...factsOf(facts)], notices: facts.notices };
      changed.add('run');
    },
    modelKnown: (model, backend) => addFact(...describeModel(model, backend)),
    basisKnown: (basis) => addFact(...describeBasis(basis)),
    notice(notice) {
      const line = describeNotice(notice);
      if (line !== null) happen(line.isWarning ? 'warning' : 'plain', line.text);
    },
    problem: (message) => happen('problem', message),
    checkpointed(step) {
      if (evaluations.at(-1)?.step !== step) happen('plain', `checkpoint of step ${step}`); // each epoch has one
    },
    busy: (doing) => become({ doing }),
    stepDone(record, extent) {
      pace.step(record);
      course.add(record);
      become({ state: 'training', doing: '', ...positionOf(record.step + 1, record.epoch, extent) });
    },
    evaluated(record, extent) {
      pace.evaluated();
      evaluations = thinned([...evaluations, record]);
      become(positionOf(record.step, record.epoch, extent));
    },
    ended(how, failure) {
      if (failure !== undefined) happen('problem', `the run has failed: ${failure}`);
      become({ state: failure === undefined ? 'ended' : 'failed', doing: how });
    },
    whole: () => ({
      run,
      progress: withPace(),
      course: { first: 0, points: course.from(0) },
      evaluations: { first: 0, records: evaluations },
      happenings,
    }),
    changes() {
      const first = course.version === told.version ? Math.max(0, told.length - 1) : 0;
      const hasPoints = course.length > first && changed.has('progress');
      const hasEvaluations = evaluations.length !== told.evaluations;
      if (changed.size === 0 && !hasEvaluations) return null;
      const result: Changes = {
        ...(changed.has('run') ? { run } : {}),
        ...(changed.has('progress') ? { progress: withPace() } : {}),
        ...(changed.has('happenings') ? { happenings } : {}),
        ...(hasPoints ? { course: { first, points: course.from(first) } } : {}),
        ...(hasEvaluations ? { evaluations: newEvaluations() } : {}),
      };
      told = { length: course.length, version: course.version, evaluations: evaluations.length };
      changed.clear();
      return result;
    },
  };

  function newEvaluations() {
    const first = evaluations.length > told.evaluations ? told.evaluations : 0; // thinned: all anew
    return { first, records: evaluations.slice(first) };
  }

  function withPace(): ProgressView {
    const remaining = (progress.plannedSteps ?? NaN) - progress.steps;
    return {
      ...progress,
      samplesPerSecond: known(pace.samplesPerSecond),
      remainingSeconds: known(pace.remainingSeconds(remaining)),
    };
  }
}

const before: ProgressView = {
  state: 'preparing',
  doing: '',
  steps: 0,
  plannedSteps: null,
  epoch: 0,
  plannedEpochs: null,
  samplesPerSecond: null,
  remainingSeconds: null,
};

const known = (value: number): number | null => (Number.isFinite(value) ? value : null);

const positionOf = (steps: number, epoch: number, { stepCount, epochs }: Extent) => ({
  steps,
  epoch,
  plannedSteps: stepCount,
  plannedEpochs: epochs,
});

/** Every second one where there are too many. */
const thinned = (records: readonly EvaluationRecord[]): EvaluationRecord[] => {
  let kept = [...records];
  while (kept.length > evaluationsMax) kept = halved(kept);
  return kept;
};

/** The last one is kept. */
const halved = <T>(items: readonly T[]): T[] =>
  items.filter((_, index) => (items.length - 1 - index) % 2 === 0);

function factsOf(facts: StartedFacts): [label: string, text: string][] {
  const { data, runDir, endpoint } = facts;
  return [
    ['data', `${data.name}, ${data.rowCount.toLocaleString('en-US')} images`],
    ['batch', describeBatch(facts)],
    ['workers', `connect to ${endpoint}`],
    ['folder', runDir],
  ];
}
