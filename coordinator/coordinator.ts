/**
 * The coordinator as a pure machine: a training program, and the cluster that carries out its requests.
 *
 * The program asks for one thing at a time; whatever event completes it gives the program its answer, and the
 * program's next request follows at once. No socket, clock or disk.
 */
import type { FrameHeader, ExpectedValues } from '../shared/protocol/frame.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterEvent, Effect } from './effects.ts';
import type { Answer, Program } from './requests.ts';

export interface Coordinator<T> {
  /** Runs the program to its first request. */
  begin(): Effect[];
  /** @throws whatever the program throws: the run has failed */
  handle(event: ClusterEvent): Effect[];
  expect(header: FrameHeader): ExpectedValues;
  /** What the program returned, once it did. */
  readonly result: T | null;
}

export function createCoordinator<T>(cluster: Cluster, program: Program<T>): Coordinator<T> {
  let result: T | null = null;

  /** Hands answers to the program and its requests to the cluster until it has to wait. */
  function pump(next: IteratorResult<unknown, T>, effects: Effect[]): Effect[] {
    for (;;) {
      if (next.done === true) {
        result = next.value;
        return [...effects, ...farewell()];
      }
      effects.push(...cluster.request(next.value as Parameters<Cluster['request']>[0]));
      const answer = cluster.takeAnswer();
      if (answer === null) return effects;
      next = program.next(answer);
    }
  }

  const farewell = (): Effect[] =>
    cluster.members.present().map((peer) => ({ type: 'send', peer, message: { type: 'finish' } }));

  return {
    begin: () => pump(program.next(undefined as unknown as Answer), []), // the first value is not looked at
    handle(event) {
      const effects = cluster.handle(event);
      const answer = result === null ? cluster.takeAnswer() : null;
      return answer === null ? effects : pump(program.next(answer), effects);
    },
    expect: (header) => cluster.expect(header),
    get result() {
      return result;
    },
  };
}
