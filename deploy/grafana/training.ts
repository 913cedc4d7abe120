/** The dashboard Training: what people come for first, samples a second by batch size; then whether it learns. */
import { chosen, dashboard, graph, noLoneWorker, numbers, type PanelSpec, type RowSpec } from './panels.ts';

const byRun = (metric: string): string => `max by (run) (${metric})`;
const quantile = (q: number): string =>
  `histogram_quantile(${q}, sum by (run, le) (rate(lockstep_step_seconds_bucket{${chosen}}[$__rate_interval])))`;
const heldOut = (term: string): string =>
  byRun(`lockstep_evaluation_loss{split="held_out", term="${term}", ${chosen}}`);

const throughput: RowSpec = {
  title: 'Throughput',
  panels: [
    graph({
      title: 'Samples per second by batch size',
      description:
        'By the clock on the wall: evaluations and checkpoints count in. A line is the mean over the chosen runs ' +
        'of one batch size and number of workers.',
      unit: 'suffix: samples/s',
      width: 24,
      queries: [
        {
          expr: `avg by (batch_size, workers) (run:lockstep_samples:rate30s{${chosen}})`,
          legend: 'batch {{batch_size}}, {{workers}} workers',
        },
      ],
    }),
    graph({
      title: 'Samples per second of steps alone',
      description: 'What a batch size and a number of workers make of the machine, without evaluations.',
      unit: 'suffix: samples/s',
      queries: [
        {
          expr: `avg by (batch_size, workers) (run:lockstep_step_samples:rate30s{${chosen}})`,
          legend: 'batch {{batch_size}}, {{workers}} workers',
        },
      ],
    }),
    graph({
      title: 'Scaling efficiency',
      description:
        'What a worker does among others, as a part of what one did alone at the same batch size, model and ' +
        'device within seven days. All runs, chosen or not.',
      unit: 'percentunit',
      empty: noLoneWorker,
      queries: [
        {
          expr: 'batch:lockstep_scaling_efficiency:ratio',
          legend: 'batch {{batch_size}}, {{workers}} workers',
        },
      ],
    }),
    graph({
      title: 'Duration of a step',
      description: 'Median and 95th percentile, interpolated within the buckets of a histogram.',
      unit: 's',
      queries: [
        { expr: quantile(0.5), legend: '{{run}}, median' },
        { expr: quantile(0.95), legend: '{{run}}, 95 %' },
      ],
    }),
    graph({
      title: 'Where the time of a step goes',
      description:
        'The phases do not overlap, and add up to the step. Parameters: until the worker that ends last has the new ' +
        'ones. Compute: what it computes. Exchange: until all gradients are summed. Commit: Adam. Wait: for workers, ' +
        'or for an answer that was thrown away. Mean over the chosen runs.',
      unit: 'percentunit',
      max: 1,
      stacked: true,
      queries: [{ expr: `avg by (phase) (run:lockstep_phase:ratio{${chosen}})`, legend: '{{phase}}' }],
    }),
    numbers({
      title: 'Epochs made',
      description: 'Passes over the training rows.',
      unit: 'none',
      queries: [{ expr: byRun(`lockstep_epoch{${chosen}}`), legend: '{{run}}' }],
    }),
    numbers({
      title: 'Time left',
      description:
        'The steps that are left, at the pace of the last five minutes. Early stopping may end it sooner.',
      unit: 's',
      queries: [
        {
          expr:
            `max by (run) ((lockstep_planned_steps{${chosen}} - lockstep_made_steps{${chosen}})` +
            ` / (rate(lockstep_steps_total{${chosen}}[5m]) > 0))`,
          legend: '{{run}}',
        },
      ],
    }),
  ],
};

const held = (title: string, description: string, expr: string): PanelSpec => ({
  title,
  description,
  unit: 'suffix: nats',
  queries: [{ expr, legend: '{{run}}' }],
});

const learning: RowSpec = {
  title: 'Does it learn?',
  panels: [
    graph(
      held(
        'ELBO of held-out rows',
        'Per sample, at each evaluation, with frozen parameters and precise statistics. Higher is better.',
        `-(${heldOut('loss')})`,
      ),
    ),
    graph(
      held('Negative log-likelihood of held-out rows', 'Per sample; a term of the loss.', heldOut('nll')),
    ),
    graph(held('KL divergence of held-out rows', 'Per sample; a term of the loss.', heldOut('kl'))),
    graph({
      title: 'Loss of the last step',
      description: 'Per sample of that step: what is descended on, so it is noisy, and of training rows.',
      unit: 'suffix: nats',
      queries: [
        {
          expr: `max by (run, term) (lockstep_loss{term=~"loss|nll|kl", ${chosen}})`,
          legend: '{{run}}, {{term}}',
        },
      ],
    }),
    graph({
      title: 'Learning rate',
      description: 'Of the last step, after warm-up and schedule.',
      unit: 'sci',
      queries: [{ expr: byRun(`lockstep_learning_rate{${chosen}}`), legend: '{{run}}' }],
    }),
    graph({
      title: 'Norm of the gradient',
      description: 'Of the mean gradient of the last step, before clipping.',
      unit: 'short',
      queries: [{ expr: byRun(`lockstep_gradient_norm{${chosen}}`), legend: '{{run}}' }],
    }),
    graph({
      title: 'Gradient noise scale',
      description:
        'The batch size at which noise and signal of the gradient are equal. Far below it a larger batch pays for ' +
        'itself; far above it does not. The batch size is drawn beside it. None where a batch is one micro-batch.',
      unit: 'suffix: samples',
      width: 12,
      queries: [
        { expr: byRun(`lockstep_gradient_noise_scale_samples{${chosen}}`), legend: '{{run}}' },
        {
          expr: byRun(`lockstep_samples_total{${chosen}} / (lockstep_steps_total{${chosen}} > 0)`),
          legend: 'batch size of {{run}}',
        },
      ],
    }),
    graph({
      title: 'Steps and micro-batches that were not finite',
      description:
        'Such a step changes nothing. Any of them is a reason to look at learning rate and clipping.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: byRun(`increase(lockstep_non_finite_steps_total{${chosen}}[5m])`), legend: '{{run}}, steps' },
        {
          expr: byRun(`increase(lockstep_non_finite_micro_batches_total{${chosen}}[5m])`),
          legend: '{{run}}, micro-batches',
        },
      ],
    }),
  ],
};

export const training = () =>
  dashboard(
    'lockstep-training',
    'training',
    'Throughput against batch size, and whether the runs learn. The numbers of a report come from the history of ' +
      'a run, not from here: lockstep report DIR.',
    [throughput, learning],
  );
