import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import type { Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { EventLog, eventJournalPath } from '../../src/events/event-log.ts';
import type { Segment } from '../../src/facts/segment.ts';
import { LOG_FORMAT } from '../../src/log.ts';
import { RecordCatalogue } from '../../src/record-catalogue/record-catalogue.ts';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { openFolder } from '../../src/storage/object-store.ts';
import type { FsStorage } from '../../src/storage/storage-options.ts';
import { openRetention } from '../retention/open-retention.ts';
import { RecorderStandIn } from './recorder-stand-in.ts';

/** The HTTP side with a real index and store in a fresh folder, and a stand-in for the recorder. */
export interface TestApp {
  app: FastifyInstance;
  config: Config;
  recorder: RecorderStandIn;
  segmentIndex: SegmentIndex;
  recordCatalogue: RecordCatalogue;
  events: EventLog;
  /** Storage root. */
  root: string;
  /** Lines logged at level info and above. */
  logged: Record<string, unknown>[];
}

/** @param toml more of live777.toml; `[recorder.storage]` is given */
export async function testApp(t: Test, toml = ''): Promise<TestApp> {
  const root = await mkdtemp(join(tmpdir(), 'recorder-http-'));
  await mkdir(join(root, '.index'));
  const config = parseConfig(
    `${toml}\n[recorder.storage]\ntype = "fs"\nroot = ${JSON.stringify(root)}`,
    'live777.toml',
  );
  const logged: Record<string, unknown>[] = [];
  const log: Logger = pino(LOG_FORMAT, { write: (line) => logged.push(JSON.parse(line)) });
  const recorder = new RecorderStandIn();
  const segmentIndex = await SegmentIndex.open({
    journalPath: join(root, '.index', 'segments.jsonl'),
    nodeAlias: 'test-node',
    log,
  });
  const recordCatalogue = await RecordCatalogue.open({
    journalPath: join(root, '.index', 'records.jsonl'),
    log,
  });
  const store = await openFolder(config.recorder.storage as FsStorage, log);
  const events = await EventLog.open({
    path: eventJournalPath(config.recorder.indexPath),
    node: 'test-node',
    log,
  });
  const retention = await openRetention(root, segmentIndex, recordCatalogue, config);
  const app = await buildApp({
    config,
    recorder,
    segmentIndex,
    recordCatalogue,
    retention,
    store,
    events,
    log,
  });
  t.teardown(async () => {
    await app.close();
    await retention.stop();
    await segmentIndex.close();
    await recordCatalogue.close();
    await events.close();
    await rm(root, { recursive: true });
  });
  return { app, config, recorder, segmentIndex, recordCatalogue, events, root, logged };
}

/** A segment of 10 s, with what a test wants different. */
export function segmentOf(stream: string, more: Partial<Segment> = {}): Segment {
  const folder = `${stream}/2025/07/24`;
  return {
    stream,
    kind: 'video',
    startUs: 1753315200000000,
    endUs: 1753315210000000,
    path: `${folder}/seg_0001.m4s`,
    initPath: `${folder}/init.m4s`,
    isKeyframe: true,
    keyframes: [1753315200000000],
    codec: 'avc1.42e01f',
    size: 3145728,
    ...more,
  };
}
