/**
 * Says who is waited for when nothing goes on: once soon after a stall began, and again whenever its age has
 * doubled.
 *
 * A task stalls where a worker that owes something of it has not been heard of for longer than usual. A run waits
 * where too few workers are there; those who were there before are named.
 */
import type { Effect, Missing, Notice } from './effects.ts';
import type { Member } from './members.ts';
import type { Watch } from './watch.ts';

export interface Stalls {
  /** A task is open. @param usualMs that such a task takes; null before the first @param what its kind, in words */
  owed(what: string, by: readonly Member[], usualMs: number | null): Effect[];
  /** Too few workers are there. @param members those who are, ready or not */
  tooFew(members: readonly Member[], wanted: number): Effect[];
  /** Neither. */
  flowing(): void;
  lost(member: Member, reason: string): void;
  joined(rank: number): void;
}

const soonMs = 4000; // the clock ticks each second: said within five
const firstMs = 15_000; // while workers start, load and compile
const aliveMs = 2500; // it is asked each second
const rememberedLosses = 256;

export function createStalls(watch: Watch, nowMs: () => number): Stalls {
  const losses = new Map<number, Omit<Missing, 'ageMs'> & { readonly atMs: number }>(); // by rank
  let waitingSinceMs: number | null = null;
  let dueMs: number | null = null; // age of the stall at which it is said again

  /** Says it when the stall is so old. */
  function say(ageMs: number, firstSaidMs: number, describe: () => Notice): Effect[] {
    dueMs ??= firstSaidMs;
    if (ageMs < dueMs) return [];
    dueMs = 2 * ageMs;
    return [{ type: 'notice', notice: describe() }];
  }

  const ageOf = ({ peer }: Member): number => nowMs() - watch.of(peer).heardMs;

  return {
    owed(what, by, usualMs) {
      waitingSinceMs = null;
      const patienceMs = usualMs === null ? firstMs : Math.max(soonMs, 2 * usualMs);
      const silent = by.filter((member) => ageOf(member) >= patienceMs);
      if (silent.length === 0) {
        dueMs = null;
        return [];
      }
      return say(Math.max(...silent.map(ageOf)), patienceMs, () => ({
        kind: 'stalled',
        what,
        by: silent.map((member) => {
          const { rank, host, fingerprint } = member;
          const { phase, alive } = watch.of(member.peer);
          const answers = alive !== null && nowMs() - alive.atMs < aliveMs;
          const pulse = answers ? `its process answers: ${alive.doing}` : 'its process does not answer';
          return {
            rank,
            host,
            device: fingerprint.device,
            reason: `${phase} (${pulse})`,
            ageMs: ageOf(member),
          };
        }),
      }));
    },

    tooFew(members, wanted) {
      waitingSinceMs ??= nowMs();
      const age = nowMs() - waitingSinceMs;
      return say(age, losses.size > 0 ? soonMs : firstMs, () => {
        const coming = members.filter(({ ready }) => !ready);
        const ready = members.length - coming.length;
        const missing = [
          ...coming.map((member) => {
            const { rank, host, fingerprint } = member;
            const reason = watch.of(member.peer).alive?.doing ?? 'getting ready';
            return { rank, host, device: fingerprint.device, reason, ageMs: ageOf(member) };
          }),
          ...[...losses.values()].map(({ atMs, ...loss }) => ({ ...loss, ageMs: nowMs() - atMs })),
        ];
        return { kind: 'tooFew', ready, wanted, waitedMs: age, missing };
      });
    },

    flowing() {
      [waitingSinceMs, dueMs] = [null, null];
    },

    lost({ rank, host, fingerprint }, reason) {
      losses.set(rank, { rank, host, device: fingerprint.device, reason, atMs: nowMs() });
      const [oldest] = losses.keys();
      if (losses.size > rememberedLosses) losses.delete(oldest!);
    },

    joined: (rank) => void losses.delete(rank),
  };
}
