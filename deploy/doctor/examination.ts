/**
 * The doctor's examination: a process for each runtime and for ZeroMQ, and what follows from their answers.
 *
 * A process may answer, say why it cannot, or die; whichever it is, the others are still examined.
 */
import { exitCodes } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Fingerprint } from '../../shared/model/compute.ts';
import { startChild } from '../train/child.ts';
import { probeNames, relativeDistance, type ProbeAnswer, type ProbeName } from './probe.ts';

export interface RuntimeVerdict {
  readonly name: string;
  /** `ok`; `wrong`: its gradient is not that of cpu; `unavailable`: it said why; `crashed`: it said nothing. */
  readonly verdict: 'ok' | 'wrong' | 'unavailable' | 'crashed';
  readonly fingerprint: Fingerprint | null;
  readonly distance: number | null; // of its gradient from that of cpu, relative
  readonly stepMs: number | null;
  readonly reason: string | null; // where it is not ok
}

export interface Examination {
  readonly runtimes: readonly RuntimeVerdict[]; // in the order in which they are chosen; webgpu never is
  readonly transport: { readonly verdict: 'ok' | 'unavailable'; readonly reason: string | null };
}

/** What a probe's process came to. */
export type Outcome = ProbeAnswer | { readonly kind: 'crashed'; readonly reason: string };

/** Float32 in another order gives 4e-5 here, measured; a wrong kernel gives far more than this. */
const largestDistance = 1e-3;
const timeoutMs = 60_000;

/** @param entry the command's own file, which is run as `doctor --probe NAME` */
export async function examine(
  entry: string,
  environment: NodeJS.ProcessEnv,
  clock: Clock,
): Promise<Examination> {
  const outcomes = new Map<ProbeName, Outcome>();
  for (const name of probeNames) {
    const words = ['doctor', '--probe', name];
    outcomes.set(name, await runProbe({ entry, words, environment, timeoutMs, clock }));
  }
  return judge(outcomes);
}

export interface ProbeProcess {
  readonly entry: string; // the command's own file
  readonly words: readonly string[]; // that have it probe, and answer through its channel
  readonly environment: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Runs a probe in a process of its own. */
export async function runProbe(options: ProbeProcess): Promise<Outcome> {
  const { entry, words, environment, timeoutMs, clock } = options;
  let answer: ProbeAnswer | null = null;
  let lastLine = '';
  let isLate = false;
  const child = startChild({
    entry,
    args: words,
    environment,
    output: (line) => (lastLine = line.trim() || lastLine),
    onMessage: (message) => (answer = message as ProbeAnswer),
  });
  const cancel = clock.after(timeoutMs, () => {
    isLate = true;
    child.kill('SIGKILL');
  });
  const { code, signal } = await child.exited;
  cancel();
  if (answer !== null) return answer;
  const how = isLate
    ? `gave no answer in ${timeoutMs / 1000} s`
    : signal
      ? `died of ${signal}`
      : `ended with exit code ${code}`;
  return { kind: 'crashed', reason: lastLine ? `${how}: ${lastLine.slice(0, 200)}` : how };
}

/** Exported for tests. */
export function judge(outcomes: ReadonlyMap<ProbeName, Outcome>): Examination {
  const reference = outcomes.get('cpu');
  const expected = reference?.kind === 'gradient' ? reference.gradient : null;
  const transport = outcomes.get('zeromq');
  return {
    runtimes: probeNames.flatMap((name) => {
      const outcome = outcomes.get(name);
      return name === 'zeromq' || outcome === undefined ? [] : [judgeRuntime(name, outcome, expected)];
    }),
    transport:
      transport?.kind === 'loaded'
        ? { verdict: 'ok', reason: null }
        : { verdict: 'unavailable', reason: reasonOf(transport) },
  };
}

function judgeRuntime(name: string, outcome: Outcome, expected: readonly number[] | null): RuntimeVerdict {
  const nothing = { name, fingerprint: null, distance: null, stepMs: null };
  if (outcome.kind !== 'gradient') {
    const verdict = outcome.kind === 'crashed' ? 'crashed' : 'unavailable';
    return { ...nothing, verdict, reason: reasonOf(outcome) };
  }
  const { fingerprint, gradient, ms } = outcome;
  const distance = expected && relativeDistance(gradient, expected);
  const isRight = distance === null ? gradient.every(Number.isFinite) : distance <= largestDistance;
  const reason = isRight
    ? null
    : `its gradient differs from that of cpu by ${distance?.toExponential(1) ?? 'NaN'} of its norm`;
  return { name, verdict: isRight ? 'ok' : 'wrong', fingerprint, distance, stepMs: ms, reason };
}

const reasonOf = (outcome: Outcome | undefined): string => {
  if (outcome?.kind === 'failed') return outcome.message;
  return outcome?.kind === 'crashed' ? outcome.reason : 'it was not examined';
};

/** 0 when there is something to train with. */
export const exitCodeOf = ({ runtimes }: Examination) =>
  runtimes.some(({ verdict }) => verdict === 'ok') ? exitCodes.ok : exitCodes.unavailable;
