/** Progress of the commands that open a checkpoint: lines on stderr, since results are on stdout. */
export const say = (line: string): void => void process.stderr.write(`lockstep: ${line}\n`);
