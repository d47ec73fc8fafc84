import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Test } from 'tap';
import { freePort } from '../../server/free-port.ts';
import { findGoProgram } from '../../server/go-program.ts';

/** The command line that installs the server, which takes longer than a test may. */
export const INSTALL_VERSITYGW = [
  'go',
  'install',
  'github.com/versity/versitygw/cmd/versitygw@v1.8.0',
] as const;

/** Keys of the server's root user. */
export const ROOT_KEYS = {
  accessKeyId: 'ROOTKEYOFTHETEST',
  secretAccessKey: 'root/secret+of=the test',
};

/** How the server is started. */
export interface VersitygwOptions {
  region?: string;
  /** Buckets in front of this host name, e.g. `localhost`. */
  virtualDomain?: string;
  buckets: string[];
}

/** A running S3 server on loopback. */
export interface Versitygw {
  port: number;
  /** E.g. `http://127.0.0.1:40000`. */
  endpoint: string;
  /** Folder of all buckets. */
  folder: string;
  /** The process, to be killed or stopped by a test. */
  process: ChildProcess;
  /** Kills it, and starts it again over the same folder, after so many ms. */
  restart(afterMs: number): Promise<void>;
}

/**
 * Starts versitygw over a temporary folder; it ends with the test. Where it is not on
 * this machine, the test is skipped with how to install it, and fails under `CI=true`.
 * @returns undefined where the test cannot go on
 */
export async function startVersitygw(
  t: Test,
  options: VersitygwOptions,
): Promise<Versitygw | undefined> {
  const program = findVersitygw();
  if (program === undefined) {
    const message = `no versitygw in PATH: ${INSTALL_VERSITYGW.join(' ')}`;
    if (process.env.CI === 'true') t.fail(message);
    else t.pass('versitygw is in PATH', { skip: message });
    return undefined;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'versitygw-'));
  for (const bucket of options.buckets) mkdirSync(path.join(folder, bucket));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server: Versitygw = {
    port,
    endpoint,
    folder,
    process: run(program, port, folder, options),
    restart: async (afterMs) => {
      await kill(server.process);
      await after(afterMs);
      server.process = run(program, port, folder, options);
      await answering(endpoint, server.process);
    },
  };
  t.teardown(async () => {
    await kill(server.process);
    rmSync(folder, { recursive: true, force: true });
  });
  await answering(endpoint, server.process);
  return server;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

/** Path of the program; undefined where it is missing. */
export function findVersitygw(): string | undefined {
  return findGoProgram('versitygw');
}

function run(program: string, port: number, folder: string, options: VersitygwOptions) {
  const { region = 'us-east-1', virtualDomain } = options;
  const args = ['--port', `127.0.0.1:${port}`, '--region', region, '--quiet', '--keep-alive'];
  if (virtualDomain !== undefined) args.push('--virtual-domain', virtualDomain);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    ROOT_ACCESS_KEY_ID: ROOT_KEYS.accessKeyId,
    ROOT_SECRET_ACCESS_KEY: ROOT_KEYS.secretAccessKey,
  };
  return spawn(program, [...args, 'posix', folder], { env, stdio: 'ignore' });
}

async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    try {
      await fetch(endpoint);
      return;
    } catch {
      await after(20);
    }
  }
  throw new Error('versitygw ended before it answered');
}
