import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from '../command-line.ts';

/** Exit codes of the sub-commands. */
export const EXIT = { clean: 0, damage: 1, usage: 2 } as const;

/** Where a sub-command writes to. */
export interface CommandOutput {
  /** Results, for people or programs. */
  out(text: string): void;
  /** What is in the way. */
  error(text: string): void;
}

/** A sub-command of the command line. */
export interface Command {
  /** What its `--help` prints. */
  usage: string;
  /**
   * Does the work.
   * @param args without the program's and the command's name
   * @returns the exit code
   * @throws UsageError for arguments that cannot be used; Error for what is in the way
   */
  run(args: string[], output: CommandOutput): Promise<number>;
}

/**
 * Reads the arguments of a sub-command.
 * @throws UsageError
 */
export function parseCommand<T extends NonNullable<ParseArgsConfig['options']>>(
  name: string,
  args: string[],
  options: T,
) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ', 1)[0]}; see ${name} --help`);
  }
}
