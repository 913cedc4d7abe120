/** The dashboard Cluster: who computes, who holds the others up, what goes over the wire, and whether there is room. */
import { board, chosen, dashboard, graph, numbers, type Query, type RowSpec } from './panels.ts';

const rate = (metric: string, by: string): string =>
  `sum by (${by}) (rate(${metric}{${chosen}}[$__rate_interval]))`;
const increase = (metric: string): string => `sum by (run) (increase(${metric}{${chosen}}[5m]))`;
const ofRank = (metric: string): string => `max by (run, rank) (${metric}{${chosen}})`;
const byRank = (expr: string): Query[] => [{ expr, legend: '{{run}}, rank {{rank}}' }];

const ranks: RowSpec = {
  title: 'Ranks',
  panels: [
    graph({
      title: 'Workers by state',
      description:
        'Starting: builds the model and opens the data. Silent: not heard of for three seconds. Lost: gone, and not ' +
        'back; the others do its work.',
      unit: 'none',
      stacked: true,
      queries: [{ expr: `sum by (state) (lockstep_workers{${chosen}})`, legend: '{{state}}' }],
    }),
    board({
      title: 'Ranks',
      description:
        'Who they are, whether they are there, and how slow each is beside those on such a device.',
      unit: 'none',
      width: 16,
      labels: ['run', 'rank', 'host', 'device'],
      queries: [
        { expr: `max by (run, rank, host, device) (lockstep_rank_info{${chosen}})`, legend: 'there' },
        {
          expr: `max by (run, rank, host, device) (rank:lockstep_slowness:ratio{${chosen}})`,
          legend: 'times the median',
        },
      ],
    }),
    graph({
      title: 'Time for a micro-batch, by rank',
      description: 'Of the last half minute. Ranks on like devices should lie on one line.',
      unit: 's',
      queries: byRank(ofRank('rank:lockstep_micro_batch:seconds')),
    }),
    graph({
      title: 'Time since a rank was heard of',
      description: 'Each rank is asked every second. A rank whose line climbs is what a step waits for.',
      unit: 's',
      queries: byRank(ofRank('lockstep_rank_heartbeat_age_seconds')),
    }),
    graph({
      title: 'Memory of the processes',
      description: 'Resident memory of each worker, and of the coordinator.',
      unit: 'bytes',
      queries: [
        ...byRank(ofRank('lockstep_rank_resident_memory_bytes')),
        {
          expr: `max by (run) (process_resident_memory_bytes{run_id!="", ${chosen}})`,
          legend: '{{run}}, coordinator',
        },
      ],
    }),
    graph({
      title: 'Coming and going',
      description:
        'In five minutes. Micro-batches that were reassigned belonged to a worker that was lost; those that were duplicated, to a slow one.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: increase('lockstep_worker_joins_total'), legend: '{{run}}, joined' },
        { expr: increase('lockstep_worker_losses_total'), legend: '{{run}}, lost' },
        { expr: increase('lockstep_worker_refusals_total'), legend: '{{run}}, refused' },
        {
          expr: increase('lockstep_reassigned_micro_batches_total'),
          legend: '{{run}}, micro-batches reassigned',
        },
        {
          expr: increase('lockstep_duplicated_micro_batches_total'),
          legend: '{{run}}, micro-batches duplicated',
        },
        { expr: increase('lockstep_stalls_total'), legend: '{{run}}, waits for silent workers' },
      ],
    }),
    numbers({
      title: 'Alerts that fire',
      description: 'Of all runs, chosen or not; each is explained in the alerts of Prometheus.',
      unit: 'none',
      width: 12,
      queries: [
        {
          expr: 'sum by (alertname) (ALERTS{alertname=~"Lockstep.+", alertstate="firing"}) or vector(0)',
          legend: '{{alertname}}',
        },
      ],
    }),
  ],
};

const exchange: RowSpec = {
  title: 'Exchange',
  panels: [
    graph({
      title: 'Phases of a step',
      description: 'Mean seconds a step spends in each; they do not overlap.',
      unit: 's',
      stacked: true,
      queries: [
        {
          expr:
            `avg by (phase) (rate(lockstep_step_duration_seconds_sum{${chosen}}[$__rate_interval])` +
            ` / (rate(lockstep_step_duration_seconds_count{${chosen}}[$__rate_interval]) > 0))`,
          legend: '{{phase}}',
        },
      ],
    }),
    graph({
      title: 'Bytes a second at the coordinator',
      description:
        'Of messages, before encryption. What workers exchange with reducers in processes of their own does not pass here.',
      unit: 'Bps',
      queries: [{ expr: rate('lockstep_bytes_total', 'run, direction'), legend: '{{run}}, {{direction}}' }],
    }),
    numbers({
      title: 'Reducers',
      description: 'Processes that share the parameters and their moments. 1: the coordinator does it alone.',
      unit: 'none',
      queries: [{ expr: `max by (run) (lockstep_reducers{${chosen}})`, legend: '{{run}}' }],
    }),
    graph({
      title: 'Messages that were passed over',
      description:
        'Stale: about what is over. Duplicate: arrived already. Both are harmless. Broke the protocol: the connection was ended.',
      unit: 'cps',
      width: 12,
      queries: [
        { expr: rate('lockstep_stale_frames_total', 'run'), legend: '{{run}}, stale' },
        { expr: rate('lockstep_duplicate_frames_total', 'run'), legend: '{{run}}, duplicate' },
        {
          expr: `${rate('lockstep_errors_total', 'run, kind')} or vector(0)`,
          legend: '{{run}}, broke the protocol {{kind}}',
        },
      ],
    }),
    graph({
      title: 'CPU of the coordinator',
      description: 'Cores that it keeps busy. A coordinator that has none left holds everybody up.',
      unit: 'suffix: cores',
      width: 12,
      queries: [
        {
          expr: `sum by (run) (rate(process_cpu_seconds_total{run_id!="", ${chosen}}[$__rate_interval]))`,
          legend: '{{run}}',
        },
      ],
    }),
  ],
};

const folder: RowSpec = {
  title: 'Run folder',
  panels: [
    graph({
      title: 'Age of the last checkpoint',
      description: 'Work that would be lost if the coordinator died now.',
      unit: 's',
      queries: [{ expr: `max by (run) (run:lockstep_checkpoint_age:seconds{${chosen}})`, legend: '{{run}}' }],
    }),
    graph({
      title: 'Free room on its disk',
      description: 'As a part of the disk that holds the folder.',
      unit: 'percentunit',
      max: 1,
      queries: [
        {
          expr: `max by (run) (lockstep_run_folder_free_bytes{${chosen}} / lockstep_run_folder_size_bytes{${chosen}})`,
          legend: '{{run}}',
        },
      ],
    }),
    graph({
      title: 'Checkpoints, and writes that failed',
      description: 'In five minutes.',
      unit: 'short',
      queries: [
        { expr: increase('lockstep_checkpoints_total'), legend: '{{run}}, checkpoints' },
        { expr: increase('lockstep_write_errors_total'), legend: '{{run}}, failed writes' },
      ],
    }),
  ],
};

const needsExporter =
  'Measured by NVIDIA’s dcgm-exporter on each box, which Prometheus scrapes as job dcgm; empty without it.';
const gpu = (title: string, unit: string, metric: string, max?: number) =>
  graph({
    title,
    description: needsExporter,
    unit,
    ...(max === undefined ? {} : { max }),
    queries: [{ expr: `max by (Hostname, gpu) (${metric})`, legend: '{{Hostname}}, GPU {{gpu}}' }],
  });

const gpus: RowSpec = {
  title: 'GPUs',
  panels: [
    gpu('GPU utilisation', 'percent', 'DCGM_FI_DEV_GPU_UTIL', 100),
    gpu('Memory in use', 'decmbytes', 'DCGM_FI_DEV_FB_USED'),
    gpu('Tensor cores active', 'percentunit', 'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE', 1),
    gpu('Power', 'watt', 'DCGM_FI_DEV_POWER_USAGE'),
    gpu('Temperature', 'celsius', 'DCGM_FI_DEV_GPU_TEMP'),
    gpu('Clock of the multiprocessors', 'suffix: MHz', 'DCGM_FI_DEV_SM_CLOCK'),
  ],
};

export const cluster = () =>
  dashboard(
    'lockstep-cluster',
    'cluster',
    'Who computes, who holds the others up, what goes over the wire, and whether there is room for checkpoints.',
    [ranks, exchange, folder, gpus],
  );
