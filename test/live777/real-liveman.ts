import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import type { Test } from 'tap';
import { freePort } from '../server/free-port.ts';
import { until } from '../server/until.ts';

/** The Liveman binary of `LIVEMAN_BIN`; `undefined` without one. */
export function livemanBinary(): string | undefined {
  return process.env.LIVEMAN_BIN;
}

/** A record as Liveman lists it for playback. */
export interface ListedRecord {
  record: string;
  mpd_path: string;
}

/** A real Liveman on loopback that has one node. */
export interface RealLiveman {
  /** Base address, without a trailing slash. */
  url: string;
  /** What it lists of a stream, oldest first. */
  records(stream: string): Promise<ListedRecord[]>;
  /** Names of the streams that it lists records of, sorted. */
  streams(): Promise<string[]>;
}

/**
 * Starts Liveman over a database of its own; it records every stream of the node, and ends with the
 * test. It looks what there is every 200 ms.
 * @param node base address of the node
 * @param collects whether it collects the records of the node too (`record_sync`)
 * @throws Error when it does not answer within 30 s
 */
export async function startLiveman(
  t: Test,
  binary: string,
  node: string,
  collects: boolean,
): Promise<RealLiveman> {
  const folder = mkdtempSync(join(tmpdir(), 'liveman-'));
  const port = await freePort();
  const config = join(folder, 'liveman.toml');
  writeFileSync(
    config,
    stringify({
      http: { listen: `127.0.0.1:${port}` },
      database: { url: `sqlite://${join(folder, 'liveman.db')}?mode=rwc` },
      nodes: [{ alias: 'node', url: node, token: '' }],
      auto_record: { enabled: true, auto_streams: ['*'], tick_ms: 200 },
      record_sync: { enabled: collects, tick_ms: 200 },
    }),
  );
  const child: ChildProcess = spawn(binary, ['-c', config], { cwd: folder, stdio: 'ignore' });
  const exited = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const get = async <T>(path: string) => (await fetch(url + path)).json() as Promise<T>;
  await until('Liveman answers', () =>
    get('/api/playback').then(
      () => true,
      () => false,
    ),
  );
  return {
    url,
    streams: async () => (await get<string[]>('/api/playback')).sort(),
    records: async (stream) =>
      (await get<ListedRecord[]>(`/api/playback/${stream}`)).sort((a, b) =>
        a.record < b.record ? -1 : 1,
      ),
  };
}
