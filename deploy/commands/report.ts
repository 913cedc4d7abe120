/** `lockstep report`: one page that tells a run, made of what is in its folder. */
import type { CommandModule } from 'yargs';

interface ReportArguments {
  readonly dir: string;
}

const command: CommandModule<object, ReportArguments> = {
  command: 'report <dir>',
  describe: 'Write report.html of a run: curves, pictures, numbers, settings',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', demandOption: true, describe: 'the folder of a run' })
      .example('$0 report runs/one', 'writes runs/one/report.html, of a run that lives too'),
  handler: async ({ dir }) => {
    const { writeReport } = await import('../report/report.ts');
    process.stdout.write(`${await writeReport(dir)}\n`);
  },
};
export default command;
