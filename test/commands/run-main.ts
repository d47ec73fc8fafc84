import { execFile } from 'node:child_process';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const COMPILE_CACHE = join(import.meta.dirname, '../../node_modules/.cache/compile');

/** Runs the program to its end. */
export function runMain(
  args: string[],
  options: { cwd?: string; path?: string } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
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
