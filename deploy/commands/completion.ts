/** `lockstep completion`: the script by which a shell completes commands, flags and their values. */
import type { CommandModule } from 'yargs';

/** The script's author; its types leave out what it takes. */
let parser: { showCompletionScript(program: string, command: string): unknown } | null = null;

const command: CommandModule = {
  command: 'completion',
  describe: 'Print a script that completes commands and flags in bash, zsh or fish',
  builder: (yargs) => {
    parser = yargs;
    return yargs
      .example('$0 completion >> ~/.bashrc', 'from the next bash on')
      .example('source <($0 completion)', 'in this bash, or zsh, at once')
      .example('$0 completion > ~/.config/fish/completions/lockstep.fish', 'in fish')
      .epilogue('For the shell that $SHELL names, and a lockstep that is found on the PATH.');
  },
  handler: () => void parser?.showCompletionScript('lockstep', 'completion'),
};
export default command;
