/** A run small enough to be repeated often: five micro-batches a step, a bit over five steps an epoch. */
export const smallRun: readonly string[] = (
  '--synthetic-rows 600 --components 20 --width 32 --latent 8 --encoder-blocks 1 --branch-blocks 1 ' +
  '--decoder-blocks 1 --batch-size 100 --micro-batch-size 20 --picture-every 0 --evaluation-rows 60'
).split(' ');
