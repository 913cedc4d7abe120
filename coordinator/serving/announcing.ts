/** Tells Prometheus of a run while it lives. Without a folder, or without room in it, only `/sd` knows. */
import {
  groupOf,
  publishTarget,
  readTargets,
  withdrawTarget,
  type Target,
  type TargetGroup,
} from './targets.ts';

export interface AnnouncingOptions {
  readonly folder: string | null; // of target files
  readonly target: Target;
  readonly onProblem: (message: string) => void;
}

export interface Announcement {
  /** Of all runs that share the folder, this one among them. */
  targets(): readonly TargetGroup[];
  withdraw(): void;
}

export function announce({ folder, target, onProblem }: AnnouncingOptions): Announcement {
  /** What cannot be done is said: the run goes on. */
  function attempt(what: string, act: (folder: string) => void): void {
    if (folder === null) return;
    try {
      act(folder);
    } catch (error) {
      onProblem(`${what} in ${folder} (${(error as Error).message}): Prometheus finds the run by /sd only`);
    }
  }

  const withdraw = (): void => attempt('the target file stays', (path) => withdrawTarget(path, target));
  attempt('no target file', (path) => publishTarget(path, target, isAlive));
  process.once('exit', withdraw); // however it ends, but for a signal that nobody can catch
  return {
    targets() {
      let groups: TargetGroup[] = [];
      attempt('no target file can be read', (path) => (groups = readTargets(path)));
      const own = groupOf(target);
      const isListed = groups.some(({ targets }) => targets.includes(target.address));
      return isListed ? groups : [own, ...groups];
    },
    withdraw() {
      process.removeListener('exit', withdraw);
      withdraw();
    },
  };
}

/** Whether there is a process of this number on this box, ours or another's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
