import { UsageError } from '../command-line.ts';
import { nearestKey } from '../config/explain.ts';
import { type Command, type CommandOutput, EXIT } from './command.ts';

// Loaded on demand: a command needs neither the modules of the others nor those of the service.
const commands: Record<string, () => Promise<Command>> = {
  check: async () => (await import('./check.ts')).checkCommand,
  prune: async () => (await import('./prune.ts')).pruneCommand,
  reindex: async () => (await import('./reindex.ts')).reindexCommand,
  repair: async () => (await import('./repair.ts')).repairCommand,
  verify: async () => (await import('./verify.ts')).verifyCommand,
};

/**
 * Runs the sub-command that the first argument names. A failure is reported in one sentence.
 * @param args without the program's name
 * @returns its exit code; undefined if the first argument is an option, or there is none
 */
export async function runCommand(
  [name = '', ...args]: string[],
  output: CommandOutput,
): Promise<number | undefined> {
  if (name === '' || name.startsWith('-')) return undefined;
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    const near = nearestKey(name, Object.keys(commands));
    const advice = near === undefined ? 'see --help' : `did you mean "${near}"?`;
    output.error(`there is no command "${name}", ${advice}\n`);
    return EXIT.usage;
  }
  const command = await load();
  if (args.includes('--help') || args.includes('-h')) {
    output.out(command.usage);
    return EXIT.clean;
  }
  try {
    return await command.run(args, output);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    output.error(error instanceof UsageError ? `${message}\n` : `${name}: ${message}\n`);
    return EXIT.usage;
  }
}
