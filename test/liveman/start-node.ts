import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { EventLog } from '../../src/events/event-log.ts';
import { RecordCatalogue } from '../../src/record-catalogue/record-catalogue.ts';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { openFolder } from '../../src/storage/object-store.ts';
import type { FsStorage } from '../../src/storage/storage-options.ts';
import { RecorderStandIn } from '../http/recorder-stand-in.ts';
import { openRetention } from '../retention/open-retention.ts';

/** A node without media: its HTTP side on a real socket, with a real catalogue. */
export interface LivemanNode {
  url: string;
  recorder: RecorderStandIn;
  catalogue: RecordCatalogue;
  close(): Promise<void>;
}

/**
 * Starts a node on a free loopback port.
 * @param root storage root, which a node that was closed may have left
 * @param now the clock of its catalogue, µs since the Unix epoch
 */
export async function startNode(
  root: string,
  { now, token = '' }: { now: () => number; token?: string },
): Promise<LivemanNode> {
  const auth = token === '' ? '' : `[auth]\ntokens = ["${token}"]\n`;
  const config = parseConfig(
    `${auth}[recorder.storage]\ntype = "fs"\nroot = ${JSON.stringify(root)}`,
    'live777.toml',
  );
  const log = pino({ level: 'silent' });
  const index = join(root, '.index');
  await mkdir(index, { recursive: true });
  const segmentIndex = await SegmentIndex.open({
    journalPath: join(index, 'segments.jsonl'),
    nodeAlias: 'test-node',
    log,
  });
  const catalogue = await RecordCatalogue.open({
    journalPath: join(index, 'records.jsonl'),
    log,
    now,
  });
  const events = await EventLog.open({ path: join(index, 'events.jsonl'), node: 'test-node', log });
  const recorder = new RecorderStandIn();
  const app = await buildApp({
    config,
    recorder,
    segmentIndex,
    recordCatalogue: catalogue,
    retention: await openRetention(root, segmentIndex, catalogue),
    store: await openFolder(config.recorder.storage as FsStorage, log),
    events,
    log,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    recorder,
    catalogue,
    close: async () => {
      app.server.closeIdleConnections();
      await app.close();
      await segmentIndex.close();
      await catalogue.close();
      await events.close();
    },
  };
}
