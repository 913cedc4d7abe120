/**
 * What a person sees of a run, on stderr: a few facts at the start, one line for whatever happens to the
 * cluster, one an evaluation, where everything is at the end, and on a terminal a live line between.
 *
 * The texts are pure functions beside this file; here is only what is written when. `quiet` leaves warnings and
 * problems. Results for programs go to stdout and are none of this file's business.
 */
import { styleText } from 'node:util';
import type { Basis } from '../shared/model/compute.ts';
import type { ModelDescription } from '../shared/protocol/messages.ts';
import { formatCount, plural } from '../shared/text.ts';
import type { Notice } from './effects.ts';
import type { EvaluationRecord, StepRecord } from './journal.ts';
import {
  evaluationLine,
  finishedLines,
  liveLine,
  type Extent,
  type FinishedSummary,
  type Rates,
} from './screen/lines.ts';
import { createLiveLine } from './screen/live.ts';
import { describeNotice } from './screen/notices.ts';
import {
  describeBasis,
  describeModel,
  describeStart,
  factLine,
  type Fact,
  type StartedFacts,
} from './screen/opening.ts';
import { createPace } from './screen/pace.ts';

export interface ScreenOptions {
  readonly write: (text: string) => void; // to stderr
  readonly isTerminal: boolean; // the caller says no under CI
  readonly colour: boolean; // the caller says no under NO_COLOR
  readonly quiet: boolean;
  readonly nowMs: () => number; // monotonic
  readonly columns: () => number; // of the terminal, now
}

export interface Screen {
  started(facts: StartedFacts): void;
  notice(notice: Notice): void;
  modelKnown(model: ModelDescription, backend: string): void;
  basisKnown(basis: Basis): void;
  stepDone(record: StepRecord, extent: Extent): void;
  evaluated(record: EvaluationRecord, extent: Extent): void;
  checkpointed(step: number, path: string): void;
  /** On a terminal, what goes on between steps, such as `painting pictures`; gone with the next step. */
  busy(what: string): void;
  /** Something that a person should act on; the run goes on. */
  problem(message: string): void;
  finished(summary: FinishedSummary): void;
  /** Takes the live line away; must be called before the process ends otherwise than by `finished`. */
  close(): void;
}

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

export function createScreen(options: ScreenOptions): Screen {
  const { isTerminal, quiet, nowMs } = options;
  const pace = createPace(nowMs);
  const live = createLiveLine(options.write, options.columns);
  let shown = { text: '', done: 0, total: 1 };
  let evaluatedStep = -1;

  const paint = (style: Style, text: string): string =>
    options.colour ? styleText(style, text, { validateStream: false }) : text;
  const say = (line: string): void => live.print(`${line}\n`);
  const tell = (line: string): void => void (quiet || say(line));
  const sayFact = ([label, text]: Fact): void =>
    tell(factLine([label, text]).replace(label, paint('bold', label)));
  const rates = (remainingSteps: number): Rates => ({
    samplesPerSecond: pace.samplesPerSecond,
    exchangeShare: pace.exchangeShare,
    etaSeconds: pace.remainingSeconds(remainingSteps),
  });

  return {
    started(facts) {
      for (const fact of describeStart(facts)) sayFact(fact);
      for (const notice of facts.notices) tell(paint('yellow', `note: ${notice}`));
      busy('waiting for workers');
    },

    notice(notice) {
      const line = describeNotice(notice);
      if (line === null) return;
      if (line.isWarning) say(paint('yellow', line.text));
      else tell(line.text);
    },

    modelKnown(model, backend) {
      sayFact(describeModel(model, backend));
      busy('preparing the first step');
    },
    basisKnown: (basis) => sayFact(describeBasis(basis)),

    stepDone(record, extent) {
      pace.step(record);
      if (!record.committed) say(paint('yellow', skippedLine(record)));
      if (quiet || !isTerminal) return;
      const done = record.step + 1;
      const text = liveLine(record, extent, rates(extent.stepCount - done));
      shown = { text, done, total: extent.stepCount };
      live.show(text, done, extent.stepCount);
    },

    evaluated(record, extent) {
      evaluatedStep = record.step;
      const line = evaluationLine(record, extent, ratesAfter(record, extent));
      tell(record.improved ? line.replace(/best$/, (word) => paint('green', word)) : line);
    },

    checkpointed(step, path) {
      if (step !== evaluatedStep) tell(paint('dim', `checkpoint of step ${formatCount(step)}: ${path}`));
    },

    busy,

    problem: (message) => say(paint('red', message)),

    finished(summary) {
      live.clear();
      if (quiet) return;
      const [first = '', ...others] = finishedLines(summary);
      for (const line of ['', paint('bold', first), ...others]) say(line);
    },

    close: () => live.clear(),
  };

  function busy(what: string): void {
    if (quiet || !isTerminal) return;
    const [position = ''] = shown.text.split(' - '); // nothing before the first step
    live.show(position === '' ? what : `${position} - ${what}`, shown.done, shown.total);
  }

  /** The rates of the interval that ends with an evaluation; what is left counts its own time in. */
  function ratesAfter(record: EvaluationRecord, extent: Extent): Rates {
    pace.evaluated();
    return rates(extent.stepCount - record.step);
  }
}

const skippedLine = ({ step, workers }: StepRecord): string =>
  `step ${formatCount(step)} skipped: its gradient was not finite on ${plural(workers, 'worker')}`;
