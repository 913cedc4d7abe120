/** A trace of a run from its file's opening to its end: one object for the shell, one for the program. */
import type { Clock } from '../shared/runtime/clock.ts';
import type { Program } from './requests.ts';
import { createTraceEvents } from './run/trace-events.ts';
import { openTraceFile, type TraceFile } from './run/trace-file.ts';
import { tracedProgram } from './traced-program.ts';
import { createRunTrace, type ShellTrace } from './tracing.ts';

export interface TraceSession {
  readonly shell: ShellTrace;
  program<T>(program: Program<T>): Program<T>;
  close(): void;
}

/**
 * What was told is with the operating system after every step, and the file can be read from then on.
 *
 * @param path replaced; null where no trace is asked for
 * @param onProblem told once when the file cannot be written to any more; the run goes on
 * @throws LockstepError (1) when it cannot be made
 */
export function openTrace(
  path: string | null,
  clock: Clock,
  onProblem: (message: string) => void,
): TraceSession | null {
  return path === null ? null : createTraceSession(openTraceFile(path, onProblem), clock);
}

/** The same on a file that is open. */
export function createTraceSession(file: TraceFile, clock: Clock): TraceSession {
  const events = createTraceEvents(file.write);
  const trace = createRunTrace(events, () => clock.nowMs());
  return {
    shell: trace,
    program: (program) =>
      tracedProgram(program, trace, () => {
        trace.countTraffic();
        file.flush();
      }),
    close() {
      trace.end();
      events.end();
      file.close();
    },
  };
}
