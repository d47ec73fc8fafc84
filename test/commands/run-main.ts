import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { runCommand } from '../../src/commands/run-command.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const COMPILE_CACHE = join(import.meta.dirname, '../../node_modules/.cache/compile');

/** What a command printed, and its exit code. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a sub-command to its end in this process, which costs no start of another. */
export async function runInProcess(args: string[]): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const code = await runCommand(args, {
    out: (text) => {
      stdout += text;
    },
    error: (text) => {
      stderr += text;
    },
  });
  if (code === undefined) throw new Error(`${args[0]} is no sub-command`);
  return { code, stdout, stderr };
}

/** Runs the program to its end. */
export function runMain(
  args: string[],
  options: { cwd?: string; path?: string } = {},
): Promise<Ended> {
  const { PATH, HOME } = process.env;
  const env = { PATH: options.path ?? PATH, HOME, NODE_COMPILE_CACHE: COMPILE_CACHE };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { env, ...(options.cwd !== undefined && { cwd: options.cwd }) },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}
