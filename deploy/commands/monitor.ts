/** `lockstep monitor`: Prometheus on this box, set up for Lockstep's runs. */
import { join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { systemClock } from '../../shared/runtime/clock.ts';
import { usageError } from '../../shared/errors.ts';
import { targetsFolder } from '../cli/http-flags.ts';
import { findPaths } from '../setup/paths.mjs';

interface MonitorArguments {
  readonly dir: string | undefined;
  readonly port: number | undefined;
  readonly targetsDir: string | undefined;
  readonly httpTokenFile: string | undefined;
  readonly dataDir: string | undefined;
}

const command: CommandModule<object, MonitorArguments> = {
  command: 'monitor [dir]',
  describe: 'Start Prometheus for runs: throughput by batch size, alerts',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', describe: 'a run, or a folder with runs; all runs by default' })
      .option('port', {
        type: 'number',
        describe: 'that Prometheus listens on, on 127.0.0.1',
        defaultDescription: 'the first free one from 9090',
      })
      .option('targets-dir', {
        type: 'string',
        describe: 'folder of target files that the runs were given',
        defaultDescription: "targets/ in lockstep's cache",
      })
      .option('http-token-file', {
        type: 'string',
        describe: 'file with the token of the runs, where they have one',
      })
      .option('data-dir', {
        type: 'string',
        describe: 'of its database, 30 days of it',
        defaultDescription: "prometheus/ in lockstep's cache",
      })
      .example('$0 monitor', 'every run of this box, those that begin later too')
      .example('$0 monitor sweeps/sizes', 'the trials of one sweep')
      .epilogue(
        'Needs the program prometheus (apt-get install prometheus). A run that is over is no target any more; its ' +
          'figures stay in the database. Dashboards for Grafana are in deploy/grafana.',
      ) as unknown as Argv<MonitorArguments>, // flags arrive in camel case
  handler: async ({ dir, port, targetsDir, httpTokenFile, dataDir }) => {
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
      throw usageError(`--port got ${port}, expected an integer from 1 to 65535`);
    const { monitor } = await import('../monitor/monitor.ts');
    process.exitCode = await monitor(
      {
        dir: dir ?? null,
        port: port ?? null,
        targetsFolder: targetsDir ?? targetsFolder(),
        tokenFile: httpTokenFile ?? null,
        dataFolder: dataDir ?? join(findPaths().cache, 'prometheus'),
      },
      systemClock,
      (line) => process.stderr.write(`${line}\n`),
    );
  },
};
export default command;
