/** Why a file or folder cannot be written, as one line: what to do depends on the reason that the system gives. */
import { LockstepError, runError } from '../../shared/errors.ts';

/** @returns an error of exit 1 for one of the operating system's, any other as it is: to be thrown */
export function unwritable(path: string, error: unknown): unknown {
  if (error instanceof LockstepError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') return error; // ours
  const reasons: Record<string, string> = {
    ENOENT: 'its folder is not there; make it first',
    ENOTDIR: 'its folder is a file; name another',
    EISDIR: 'it is a folder; name a file',
    EEXIST: 'something is in its way; name another',
    EACCES: 'no permission; change the mode of its folder or name another',
    EPERM: 'no permission; change the mode of its folder or name another',
    EROFS: 'the disk is read-only; name another',
    ENOSPC: 'no space left; free some or name another disk',
    EDQUOT: 'the quota is used up; free some or name another disk',
  };
  return runError(`${path}: cannot be written (${code}): ${reasons[code] ?? 'check the disk'}`);
}
