/**
 * How Prometheus finds runs: a folder of target files that all runs share, one file a run, in the format of file_sd
 * (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config). A file is there while
 * its run can be read: a run that has ended is no target any more, and so cannot raise an alert.
 *
 * Who is killed cannot remove its file. The next run of the same box does: a label that Prometheus drops names the
 * process.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomicallySync } from '../../shared/data/atomic-file.ts';

export interface Target {
  readonly address: string; // host:port, as Prometheus reaches it
  readonly runId: string;
  readonly run: string; // name of its folder
  readonly folder: string; // absolute, on its host
  readonly host: string; // that it runs on
  readonly pid: number;
}

const groupSchema = z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) });
const fileSchema = z.array(groupSchema);
export type TargetGroup = z.infer<typeof groupSchema>;

const hostLabel = '__meta_lockstep_host'; // Prometheus drops labels that begin with two underscores
const pidLabel = '__meta_lockstep_pid';
/** By which a Prometheus keeps the runs of one folder. */
export const folderLabel = '__meta_lockstep_folder';

export const groupOf = ({ address, run, folder, host, pid }: Target): TargetGroup => ({
  targets: [address],
  labels: { job: 'lockstep', run, [folderLabel]: folder, [hostLabel]: host, [pidLabel]: String(pid) },
});

/**
 * Writes a run's file, and removes those of this box whose process is gone.
 * @param isAlive of a process of this box
 * @throws the file system's error
 */
export function publishTarget(folder: string, target: Target, isAlive: (pid: number) => boolean): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, group } of readFiles(folder)) {
    const pid = Number(group.labels[pidLabel]);
    if (group.labels[hostLabel] === target.host && !isAlive(pid)) rmSync(join(folder, name), { force: true });
  }
  writeFileAtomicallySync(fileOf(folder, target), `${JSON.stringify([groupOf(target)])}\n`);
}

/** Removes a run's file, unless another process has taken the run over. @throws the file system's error */
export function withdrawTarget(folder: string, target: Target): void {
  const name = `${target.runId}.json`;
  const own = readFiles(folder).find((file) => file.name === name);
  if (own?.group.labels[pidLabel] === String(target.pid)) rmSync(fileOf(folder, target), { force: true });
}

/** Every run's, in the order of their names. */
export const readTargets = (folder: string): TargetGroup[] => readFiles(folder).map(({ group }) => group);

const fileOf = (folder: string, { runId }: Target): string => join(folder, `${runId}.json`);

/** What is no target file of ours, or is gone by the time it is read, is passed over. */
function readFiles(folder: string): { readonly name: string; readonly group: TargetGroup }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => {
      const parsed = fileSchema.safeParse(readJson(join(folder, name)));
      return parsed.success && parsed.data[0] !== undefined ? [{ name, group: parsed.data[0] }] : [];
    });
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const isAnothers = error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isAnothers) return null;
    throw error;
  }
}
