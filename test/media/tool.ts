import { execFile, spawnSync } from 'node:child_process';
import type { Test } from 'tap';

/**
 * Tells whether a program that the test measures with is there. Where it is not, the test is skipped
 * with what to install; under `CI=true` it fails.
 * @param mend how to install it, e.g. `apt-get install ffmpeg`
 * @returns false where the test cannot go on
 */
export function requireTool(t: Test, tool: string, mend: string): boolean {
  const { error } = spawnSync(tool, ['-version'], { stdio: 'ignore' });
  if (!error) return true;
  const message = `no ${tool} in PATH: ${mend}`;
  if (process.env.CI === 'true') t.fail(message);
  else t.pass(`${tool} is in PATH`, { skip: message });
  return false;
}

/** ffmpeg and ffprobe, which all measurements of media need; see {@link requireTool}. */
export function requireFfmpeg(t: Test): boolean {
  const mend = 'apt-get install ffmpeg';
  return requireTool(t, 'ffmpeg', mend) && requireTool(t, 'ffprobe', mend);
}

/** What a program wrote. */
export interface ToolOutput {
  stdout: Buffer;
  stderr: string;
}

/**
 * Runs a program to its end.
 * @throws Error with the command line and what it wrote to stderr, when it does not end with 0
 */
export function runTool(tool: string, args: string[]): Promise<ToolOutput> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'buffer', maxBuffer: 2 ** 30 } as const;
    execFile(tool, args, options, (error, stdout, stderr) => {
      if (!error) resolve({ stdout, stderr: stderr.toString() });
      else reject(new Error(`${tool} ${args.join(' ')}\n${stderr.toString() || error.message}`));
    });
  });
}
