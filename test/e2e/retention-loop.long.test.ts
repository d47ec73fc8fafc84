/**
 * Streams are recorded, played and deleted by rules, while the recorder is killed again and again.
 * `npm run retention-loop` does so with ten streams and a hundred kills, on the disk and with an S3
 * server, the tests with less of both.
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import t, { type Test } from 'tap';
import { folderOf, objectPath } from '../../src/layout/object-path.ts';
import { recordingFolders } from '../../src/verification/recording-folders.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { s3Storage } from '../server/bucket-storage.ts';
import { objectAddress } from '../server/play.ts';
import { type SegmentRow, segmentPage, storageState } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { startVersitygw } from '../storage/servers/versitygw.ts';
import { filesBelow } from '../storage/spool/spool-fixture.ts';

const IS_LONG = process.env.RETENTION_LOOP === 'long';
const STREAMS = IS_LONG ? 10 : 2;
const KILLS = IS_LONG ? Number(process.env.KILLS ?? 100) : 2;
/** Frames of each stream that a run of the recorder sees before it is killed, at least. */
const RUN_FRAMES = IS_LONG ? 60 : 120;
/** Players reload manifests so often, ms. */
const RELOAD_MS = 1000;
const START_TIMEOUT_MS = 120_000;
const RULES = { max_age: '1m', max_size: '2MB', grace_seconds: 5 };

t.setTimeout(7_200_000);

/** A recorder that is killed, its publishers and its players. */
class RetentionLoop {
  readonly #t: Test;
  readonly #options: { storage?: ReturnType<typeof s3Storage> };
  #recorder!: RecorderProcess;
  #isDown = true;
  #protected: string[] = [];
  /** What players asked for in vain. */
  readonly #missing: string[] = [];
  #fetched = 0;
  #deleted = 0;

  constructor(t: Test, options: { storage?: ReturnType<typeof s3Storage> }) {
    this.#t = t;
    this.#options = options;
  }

  /** @returns the last recorder, in which nothing is being recorded or deleted any more */
  async run(): Promise<RecorderProcess> {
    const t = this.#t;
    const stop = new AbortController();
    // Also when it fails: players would go on for ever.
    t.teardown(() => stop.abort());
    await this.#start();
    const players = [this.#play('cam0', stop.signal), this.#play('cam1', stop.signal)];
    for (let kill = 0; kill < KILLS; kill++) {
      const publishers = await this.#publishAll();
      if (kill === 0) await this.#protect();
      else await this.#sweep();
      await delay(Math.random() * 1000);
      this.#isDown = true;
      await this.#recorder.kill();
      for (const publisher of publishers) publisher.vanish();
      await this.#start();
    }
    const publishers = await this.#publishAll();
    await this.#sweep();
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    await until('something is deleted', async () => (await this.#sweep()) > 0, 120_000);
    stop.abort();
    await Promise.all(players);
    await until(
      'nothing is being deleted',
      async () => {
        const { leaving_segments } = await this.#json('/api/retention');
        return leaving_segments === 0;
      },
      120_000,
    );
    t.same(this.#missing, [], 'no player asked in vain');
    t.ok(this.#fetched > 20, `players fetched ${this.#fetched} segments`);
    t.ok(this.#deleted > 0, `${this.#deleted} segments were deleted`);
    const left = new Set((await this.rows()).map((row) => row.path));
    for (const file of this.#protected) t.ok(left.has(file), `${file} is protected`);
    return this.#recorder;
  }

  async rows(): Promise<SegmentRow[]> {
    const rows: SegmentRow[] = [];
    for (let since = 0; ; ) {
      const page = await segmentPage(this.#recorder.url, { limit: 1000, since_ts: since });
      rows.push(...page.segments);
      if (!page.has_more) return rows;
      since = page.last_ts;
    }
  }

  async #start(): Promise<void> {
    const { storage } = this.#options;
    const root = this.#recorder?.root;
    this.#recorder = await startRecorder(this.#t, {
      segmentSeconds: 1,
      retention: RULES,
      startTimeoutMs: START_TIMEOUT_MS,
      ...(storage && { storage }),
      ...(root !== undefined && { root }),
    });
    this.#isDown = false;
  }

  async #publishAll(): Promise<WhipPublisher[]> {
    const publishers: WhipPublisher[] = [];
    for (let number = 0; number < STREAMS; number++) {
      const whipUrl = `${this.#recorder.url}/whip/cam${number}`;
      const publisher = await WhipPublisher.connect({ whipUrl });
      this.#t.teardown(() => publisher.vanish());
      publisher.start();
      publishers.push(publisher);
    }
    await until(
      'all streams are sent',
      () => publishers.every((publisher) => publisher.sent.videoFrames >= RUN_FRAMES),
      120_000,
    );
    return publishers;
  }

  async #protect(): Promise<void> {
    const [first] = await until('a segment', async () => {
      const rows = (await this.rows()).filter(({ stream }) => stream === 'cam0');
      return rows.length > 1 && rows;
    });
    const { start_ts, end_ts } = first!;
    const body = JSON.stringify({ stream: 'cam0', start_ts, end_ts, note: 'kept' });
    const headers = { 'Content-Type': 'application/json' };
    const reply = await fetch(`${this.#recorder.url}/api/protections`, {
      ...{ method: 'POST', headers, body },
    });
    this.#t.equal(reply.status, 201);
    this.#protected = [first!.path];
  }

  /** What a sweep deletes is what its dry run named. @returns the number of segments */
  async #sweep(): Promise<number> {
    const before = await this.rows();
    const dry = await this.#json('/api/retention/sweep?dry_run=true', 'POST');
    await this.#json('/api/retention/sweep', 'POST');
    const after = new Set((await this.rows()).map((row) => row.path));
    const gone = before.filter((row) => !after.has(row.path));
    for (const { stream, end_ts, segments } of summed(dry.deleted)) {
      const named = gone.filter((row) => row.stream === stream && row.end_ts <= end_ts);
      this.#t.equal(named.length, segments, `${stream}: ${segments} segments`);
    }
    this.#deleted += gone.length;
    return gone.length;
  }

  // biome-ignore lint/suspicious/noExplicitAny: replies are checked where they are used
  async #json(address: string, method = 'GET'): Promise<any> {
    const reply = await fetch(this.#recorder.url + address, { method });
    if (reply.status !== 200) throw new Error(`${address}: ${reply.status} ${await reply.text()}`);
    return reply.json();
  }

  /**
   * Plays a stream from the oldest segment on that its manifest names, as close to what is deleted as
   * a player can be: it reloads the manifest, and fetches the next segments it has not had.
   */
  async #play(stream: string, signal: AbortSignal): Promise<void> {
    const had = new Set<string>();
    while (!signal.aborted) {
      await delay(RELOAD_MS);
      const { url } = this.#recorder;
      try {
        const [row] = (await segmentPage(url, { stream, limit: 1 })).segments;
        if (row === undefined) continue;
        const folder = folderOf(row.path);
        const reply = await fetch(objectAddress(url, `${folder}/manifest.mpd`));
        if (reply.status !== 200) continue;
        const { periods } = readMpd(await reply.text());
        const sets = periods.flatMap(({ adaptationSets }) => adaptationSets);
        for (const { initialization, segments } of sets) {
          const next = segments.map(({ file }) => file).filter((file) => !had.has(file));
          for (const name of [initialization, ...next.slice(0, 4)]) {
            const file = objectPath(folder, name);
            const media = await fetch(objectAddress(url, file));
            await media.arrayBuffer();
            if (media.status === 200) this.#fetched++;
            else if (media.status === 404) this.#missing.push(file);
            had.add(name);
          }
        }
      } catch (error) {
        if (!this.#isDown && url === this.#recorder.url) {
          this.#t.comment(`a player could not reach the recorder: ${(error as Error).message}`);
        }
      }
    }
  }
}

interface Summary {
  stream: string;
  end_ts: number;
  segments: number;
}

/** The number of segments of each stream, and the end of the latest, over all reasons. */
function summed(deleted: Summary[]): Summary[] {
  return [...Map.groupBy(deleted, ({ stream }) => stream)].map(([stream, own]) => ({
    stream,
    end_ts: Math.max(...own.map(({ end_ts }) => end_ts)),
    segments: own.reduce((sum, { segments }) => sum + segments, 0),
  }));
}

t.test('on the disk', async (t) => {
  if (!requireFfmpeg(t)) return;
  const loop = new RetentionLoop(t, {});
  const last = await loop.run();
  await until(
    'no file is without row, no row without file',
    async () => {
      const rows = (await loop.rows()).map((row) => row.path).sort();
      const files = filesBelow(last.root).filter((file) => file.includes('seg_'));
      return isDeepStrictEqual(files.sort(), rows);
    },
    60_000,
  );
  for await (const folder of recordingFolders(last.root)) {
    const { findings } = await verifyRecording(folder, { live: true });
    t.same(
      findings.filter(({ damage }) => damage),
      [],
      folder,
    );
  }
});

t.test('with a bucket', async (t) => {
  if (!requireFfmpeg(t)) return;
  const server = await startVersitygw(t, { buckets: ['recordings'] });
  if (server === undefined) return;
  const storage = s3Storage(`http://127.0.0.1:${server.port}`);
  const loop = new RetentionLoop(t, { storage });
  const last = await loop.run();
  await until(
    'nothing waits for upload',
    async () => (await storageState(last.url)).waiting_files === 0,
    120_000,
  );
  const bucket = path.join(server.folder, 'recordings/node 1');
  const { rows, objects } = await until(
    'no object is without row, no row without object',
    async () => {
      const rows = await loop.rows();
      const objects = filesBelow(bucket);
      const segments = objects.filter((key) => key.includes('seg_')).sort();
      const paths = rows.map((row) => row.path).sort();
      return isDeepStrictEqual(segments, paths) && { rows, objects };
    },
    60_000,
  );
  for (const { init_path } of rows) t.ok(objects.includes(init_path), init_path);
  t.same(
    filesBelow(last.root).filter((file) => file.includes('seg_')),
    [],
    'nothing is left in the spool',
  );
});
