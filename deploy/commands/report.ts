/** `lockstep report`: one page that tells a run or a sweep, made of what is in its folder. */
import type { CommandModule } from 'yargs';

interface ReportArguments {
  readonly dir: string;
}

const command: CommandModule<object, ReportArguments> = {
  command: 'report <dir>',
  describe: 'Write a page of a run or a sweep: curves, pictures, numbers, settings',
  builder: (yargs) =>
    yargs
      .positional('dir', {
        type: 'string',
        demandOption: true,
        describe: 'the folder of a run, or of a sweep',
      })
      .example('$0 report runs/one', 'writes runs/one/report.html, of a run that lives too')
      .example('$0 report sweeps/sizes', 'writes report.html, report.md and report.json of a sweep'),
  handler: async ({ dir }) => {
    const { isSweepFolder } = await import('../sweep/sweep-file.ts');
    const isSweep = isSweepFolder(dir);
    if (isSweep) (await import('../slurm/collect.ts')).collectResults(dir);
    const write = isSweep
      ? (await import('../report/sweep/report.ts')).writeSweepReport
      : (await import('../report/report.ts')).writeReport;
    process.stdout.write(`${await write(dir)}\n`);
  },
};
export default command;
