import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Test } from 'tap';

const FOLDER = join(import.meta.dirname, 'pion');

/** Path of the publisher, once it is built. */
export const PION_PROGRAM = join(FOLDER, 'pion');

/** The command line that builds it, which takes longer than a test may. */
export const BUILD_PION = ['go', 'build', '-C', FOLDER, '-o', 'pion', '.'] as const;

/** What pion says that one track sent; packets are counted once each. */
export interface PionTrack {
  ssrc: number;
  /** Sequence number of its first packet. */
  first: number;
  /** Pictures, or packets of sound. */
  samples: number;
  packets: number;
  nacked: number;
  resent: number;
  plis: number;
  /** Messages of transport-wide congestion control. */
  twcc: number;
}

/** A publisher that is pion's, a process of its own. */
export interface PionPublisher {
  /** Resolves when it has left. @throws Error with what it wrote, when it failed */
  sent: Promise<{ video: PionTrack; audio: PionTrack }>;
}

/**
 * Publishes the clip with flashes and beeps. Where the program is not built, the test is skipped with how to, and fails under
 * `CI=true`. What still runs is killed after the test.
 * @param whip address of the WHIP endpoint
 * @returns undefined where the test cannot go on
 */
export function publishWithPion(t: Test, whip: string, seconds: number): PionPublisher | undefined {
  if (!existsSync(PION_PROGRAM)) {
    const message = `no pion publisher: ${BUILD_PION.join(' ')} (apt-get install golang)`;
    if (process.env.CI === 'true') t.fail(message);
    else t.pass('the pion publisher is built', { skip: message });
    return undefined;
  }
  const fixtures = join(import.meta.dirname, '../fixtures');
  const child = spawn(
    PION_PROGRAM,
    [
      ...['-whip', whip, '-seconds', String(seconds)],
      ...['-video', join(fixtures, 'flash-and-beep.h264')],
      ...['-audio', join(fixtures, 'flash-and-beep.ogg')],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.teardown(() => child.kill('SIGKILL'));
  return { sent: outcome(child) };
}

async function outcome(child: ChildProcess): Promise<{ video: PionTrack; audio: PionTrack }> {
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const [code, stdout, stderr] = await Promise.all([
    exited,
    buffer(child.stdout!),
    buffer(child.stderr!),
  ]);
  if (code !== 0) throw new Error(`pion ended with ${code}: ${stderr.toString()}`);
  return JSON.parse(stdout.toString());
}
