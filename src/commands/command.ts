import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from '../command-line.ts';

/**
 * Exit codes of the sub-commands: all is well; something is wrong with what was looked at; the command
 * could not do its work, or was called wrongly.
 */
export const EXIT = { clean: 0, damage: 1, usage: 2 } as const;

/** Output of a sub-command. */
export interface CommandOutput {
  /** Prints results, for people or programs. */
  out(text: string): void;
  /** Prints the reason for a failure. */
  error(text: string): void;
}

/** A sub-command of the command line. */
export interface Command {
  /** The text of `--help`. */
  usage: string;
  /**
   * Runs the command.
   * @param args without the names of program and command
   * @returns the exit code
   * @throws UsageError for invalid arguments; Error for any other failure
   */
  run(args: string[], output: CommandOutput): Promise<number>;
}

/**
 * Parses the arguments of a sub-command.
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

/** @throws UsageError if a command that takes no arguments got one */
export function refuseArguments(name: string, [argument]: readonly string[]): void {
  if (argument === undefined) return;
  throw new UsageError(`${name} takes no argument "${argument}"; see ${name} --help`);
}
