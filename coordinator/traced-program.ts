/**
 * A training program whose requests are spans of a trace, a step with its phases inside:
 *
 *   deal      until its leaves are dealt: at once, where there are enough workers
 *   compute   until the last worker has said that its part is there; new parameters come to it before
 *   reduce    until its values are summed: what did not arrive while others still computed
 *   commit    Adam, and the first parameters copied, on their way to the workers
 *
 * The phases are those that history.jsonl has; they end with the answer, and are laid out backwards from there.
 */
import type { Tracer } from '../shared/runtime/trace.ts';
import type { Program, Request, StepResult } from './requests.ts';

const track = 'main';

/** @param onStep called after every step, when its spans are told */
export function* tracedProgram<T>(program: Program<T>, tracer: Tracer, onStep: () => void): Program<T> {
  let resumedMs = tracer.nowMs();
  let next = program.next(undefined as never); // the first value is not looked at
  while (next.done !== true) {
    const request = next.value;
    const beganMs = tracer.nowMs();
    tracer.span(track, 'program', resumedMs, beganMs);
    const answer = yield request;
    resumedMs = tracer.nowMs();
    tracer.span(track, nameOf(request), beganMs, resumedMs);
    if (answer.kind === 'step') {
      tellPhases(tracer, answer.result, beganMs, resumedMs);
      onStep();
    }
    next = program.next(answer);
  }
  tracer.span(track, 'program', resumedMs, tracer.nowMs());
  return next.value;
}

function tellPhases(tracer: Tracer, { phases }: StepResult, beganMs: number, endedMs: number): void {
  const commitMs = Math.max(beganMs, endedMs - phases.commit * 1000);
  const reduceMs = Math.max(beganMs, commitMs - phases.exchange * 1000);
  const computeMs = Math.max(beganMs, reduceMs - (phases.parameters + phases.compute) * 1000);
  tracer.span(track, 'deal', beganMs, computeMs);
  tracer.span(track, 'compute', computeMs, reduceMs);
  tracer.span(track, 'reduce', reduceMs, commitMs);
  tracer.span(track, 'commit', commitMs, endedMs);
}

function nameOf(request: Request): string {
  switch (request.kind) {
    case 'model':
      return 'wait for a worker';
    case 'publish':
      return `publish ${request.array}`;
    case 'sum':
      return request.spec.kind === 'evaluate' ? `evaluate ${request.spec.split}` : request.spec.kind;
    case 'step':
      return `step ${request.step}`;
    case 'load':
    case 'read':
      return request.kind;
    default:
      return request satisfies never;
  }
}
