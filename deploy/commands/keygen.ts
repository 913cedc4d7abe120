/** `lockstep keygen`: keys for a run whose workers are on other machines. */
import type { CommandModule } from 'yargs';
import { checkEndpoint, writeKeyFiles } from '../../shared/runtime/key-files.ts';
import { createKeyPair } from '../../shared/transport/zeromq.ts';

interface KeygenArguments {
  readonly file: string;
  readonly endpoint: string;
}

const command: CommandModule<object, KeygenArguments> = {
  command: 'keygen [file]',
  describe: 'Make keys: a file for the coordinator, and one for its workers',
  builder: (yargs) =>
    yargs
      .positional('file', {
        type: 'string',
        default: 'connection.json',
        describe: "the workers' file; the coordinator's is put beside it",
      })
      .option('endpoint', {
        type: 'string',
        default: 'tcp://127.0.0.1:5770',
        describe: 'where workers connect to: the coordinator as they see it',
      })
      .example('$0 keygen box.json --endpoint tcp://10.0.0.5:5770', 'makes box.json and box.server.json')
      .example('$0 coordinator --keys box.server.json', 'lets in who has box.json')
      .example('$0 worker --connect box.json', 'comes in with it')
      .epilogue(
        'Both files are for your eyes only (mode 600). Copy the first to every worker, as by scp -p.',
      ),
  handler: ({ file, endpoint }) => {
    const serverFile = writeKeyFiles(file, checkEndpoint(endpoint), createKeyPair);
    process.stderr.write(
      `lockstep: ${file} is for workers: lockstep worker --connect ${file}\n` +
        `lockstep: ${serverFile} is for the coordinator: lockstep coordinator --keys ${serverFile}\n`,
    );
  },
};
export default command;
