/** What happened, line by line: virtual time, who, what. Kept only where somebody will read it. */
import { decodeCoordinatorMessage, decodePeerMessage, isControl } from '../../shared/protocol/control.ts';
import type { Frames } from '../../shared/transport/transport.ts';

export interface Transcript {
  say(who: string, what: string): void;
  /** A message as it arrives; that somebody is alive is not worth a line. */
  heard(who: string, from: string, frames: Frames): void;
  readonly lines: readonly string[];
}

export const noTranscript: Transcript = { say: () => {}, heard: () => {}, lines: [] };

const longestMessage = 150; // characters

export function createTranscript(nowMs: () => number): Transcript {
  const lines: string[] = [];
  const say = (who: string, what: string): void =>
    void lines.push(`${nowMs().toFixed(2).padStart(10)}  ${who.padEnd(8)} ${what}`);
  return {
    say,
    heard(who, from, frames) {
      const what = describe(frames);
      if (!/^(ping|progress) /.test(what)) say(who, `hears ${from}: ${what}`);
    },
    lines,
  };
}

function describe(frames: Frames): string {
  if (!isControl(frames)) return describeFrame(frames);
  for (const decode of [decodeCoordinatorMessage, decodePeerMessage]) {
    try {
      const { epoch, message } = decode(frames);
      const { type, ...rest } = message;
      const text = JSON.stringify(rest);
      return `${type} (epoch ${epoch}) ${text.length > longestMessage ? `${text.slice(0, longestMessage)}...` : text}`;
    } catch {
      continue; // a message of the other direction, or a command to a reducer
    }
  }
  return `a control message of ${frames[0]!.byteLength} bytes`;
}

/** The header's fields at their places (shared/protocol/frame.ts), believed or not. */
function describeFrame(frames: Frames): string {
  const [header, payload] = frames;
  if (header?.byteLength !== 48) return `a frame of ${header?.byteLength ?? 0} bytes of header`;
  const view = new DataView(header.buffer, header.byteOffset, 48);
  const word = (at: number): number => view.getUint32(at, true);
  const isSum = view.getUint16(6, true) === 1;
  const what = isSum
    ? `sum of task ${word(16)}.${view.getUint16(20, true)}, node ${word(24)}-${word(28)}`
    : `array ${word(24)}, version ${word(16)}`;
  return `${what}, chunk ${word(32)} (epoch ${view.getBigUint64(8, true)}, ${payload?.byteLength ?? 0} bytes)`;
}
