/** The dashboard Sweep: the trials of a sweep, or any runs, beside each other by batch size. */
import { bars, board, chosen, dashboard, graph, noLoneWorker, type RowSpec } from './panels.ts';

const labels = ['run', 'batch_size', 'micro_batch_size', 'workers'];
const join = (metric: string): string =>
  `max by (run, run_id) (${metric}) * on (run_id) group_left (batch_size) ` +
  `max by (run_id, batch_size) (lockstep_run_info{${chosen}})`;
const over = (series: string): string => `avg_over_time(${series}{${chosen}}[$__range])`;
const heldOut = (term: string): string =>
  join(`lockstep_evaluation_loss{split="held_out", term="${term}", ${chosen}}`);
const last = (metric: string): string => `last_over_time(${metric}[$__range])`;
const legend = '{{run}}, batch {{batch_size}}';

const throughput: RowSpec = {
  title: 'Throughput',
  panels: [
    bars({
      title: 'Samples per second of steps, by batch size',
      description:
        'The mean over the time that is shown, of all chosen runs of a batch size and number of workers.',
      unit: 'suffix: samples/s',
      width: 12,
      queries: [
        {
          expr: `sort_desc(avg by (batch_size, workers) (${over('run:lockstep_step_samples:rate30s')}))`,
          legend: 'batch {{batch_size}}, {{workers}} workers',
        },
      ],
    }),
    bars({
      title: 'Scaling efficiency, by batch size',
      description:
        'What a worker does among others, as a part of what one did alone at the same batch size, model and device ' +
        'within seven days; the mean over the time that is shown.',
      unit: 'percentunit',
      empty: noLoneWorker,
      width: 12,
      queries: [
        {
          expr: 'avg by (batch_size, workers) (avg_over_time(batch:lockstep_scaling_efficiency:ratio[$__range]))',
          legend: 'batch {{batch_size}}, {{workers}} workers',
        },
      ],
    }),
  ],
};

const trials: RowSpec = {
  title: 'Trials',
  panels: [
    board({
      title: 'Trials of the time that is shown',
      description:
        'A row a run and number of workers; of the last scrape of each, so a run that is over stays.',
      unit: 'short',
      width: 24,
      labels,
      queries: [
        {
          expr: `avg by (${labels.join(', ')}) (${over('run:lockstep_step_samples:rate30s')})`,
          legend: 'samples/s of steps',
        },
        {
          expr: `avg by (${labels.join(', ')}) (${over('run:lockstep_samples:rate30s')})`,
          legend: 'samples/s',
        },
      ],
    }),
    board({
      title: 'What they came to',
      description:
        'Of the last scrape of each. Compare losses at equal epochs, updates or time only: lockstep report does.',
      unit: 'short',
      width: 24,
      labels: ['run'],
      queries: [
        { expr: `max by (run) (${last(`lockstep_epoch{${chosen}}`)})`, legend: 'epochs' },
        { expr: `max by (run) (${last(`lockstep_made_steps{${chosen}}`)})`, legend: 'updates' },
        {
          expr: `max by (run) (${last(`lockstep_evaluation_loss{split="held_out", term="loss", ${chosen}}`)})`,
          legend: 'held-out loss',
        },
        {
          expr: `max by (run) (${last(`lockstep_evaluation_loss{split="training", term="loss", ${chosen}}`)})`,
          legend: 'training loss',
        },
        {
          expr: `max by (run) (${last(`lockstep_gradient_noise_scale_samples{${chosen}}`)})`,
          legend: 'gradient noise scale',
        },
      ],
    }),
  ],
};

const learning: RowSpec = {
  title: 'Loss against time',
  panels: [
    graph({
      title: 'ELBO of held-out rows',
      description:
        'Against time, so a quicker run looks better than it learns: see the report for equal epochs.',
      unit: 'suffix: nats',
      queries: [{ expr: `-(${heldOut('loss')})`, legend }],
    }),
    graph({
      title: 'Epochs made',
      description: 'How far each run is.',
      unit: 'none',
      queries: [{ expr: join(`lockstep_epoch{${chosen}}`), legend }],
    }),
    graph({
      title: 'Gradient noise scale',
      description: 'The batch size at which noise and signal of the gradient are equal.',
      unit: 'suffix: samples',
      queries: [{ expr: join(`lockstep_gradient_noise_scale_samples{${chosen}}`), legend }],
    }),
  ],
};

export const sweep = () =>
  dashboard(
    'lockstep-sweep',
    'sweep',
    'Runs of several batch sizes beside each other, while they run. What batch size does to learning is answered by ' +
      'lockstep report, from the history of the runs.',
    [throughput, trials, learning],
  );
