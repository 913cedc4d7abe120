/**
 * The configuration of a Prometheus on this box: the committed one (deploy/prometheus), with its rules and targets
 * where they lie here, and, if that was asked for, the runs of one folder only.
 */
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { folderLabel } from '../../coordinator/serving/targets.ts';

export interface Whereabouts {
  readonly rulesFolder: string; // of the files that the committed configuration names
  readonly targetsFolder: string; // of target files, one a run
  readonly runsFolder: string | null; // absolute: a run, or a folder with runs; null for all
  readonly tokenFile: string | null; // absolute: what the coordinators ask for
}

interface ScrapeConfig {
  readonly job_name: string;
  readonly file_sd_configs: readonly { readonly files: readonly string[] }[];
}

interface Configuration {
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly ScrapeConfig[];
}

/** @param committed YAML. @returns YAML, with absolute paths */
export function configurationOf(committed: string, where: Whereabouts): string {
  const { rule_files: rules, scrape_configs: jobs, ...rest } = parse(committed) as Configuration;
  return stringify({
    ...rest,
    rule_files: rules.map((name) => join(where.rulesFolder, name)),
    scrape_configs: jobs.map((job) => placed(job, where)),
  });
}

function placed(job: ScrapeConfig, { targetsFolder, runsFolder, tokenFile }: Whereabouts): object {
  const isOurs = job.job_name === 'lockstep';
  const folder = isOurs ? targetsFolder : join(targetsFolder, job.job_name);
  return {
    ...job,
    file_sd_configs: job.file_sd_configs.map((each) => ({ ...each, files: [join(folder, '*.json')] })),
    ...(isOurs && tokenFile !== null ? { authorization: { credentials_file: tokenFile } } : {}),
    ...(isOurs && runsFolder !== null ? { relabel_configs: [keepUnder(runsFolder)] } : {}),
  };
}

const keepUnder = (folder: string) => ({
  source_labels: [folderLabel],
  regex: `${folder.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\/$/, '')}(/.*)?`,
  action: 'keep',
});
