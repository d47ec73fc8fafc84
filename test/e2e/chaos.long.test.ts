/**
 * Streams are recorded to S3 while the server is killed, stopped and refuses every other call, and
 * the recorder is killed too. `npm run chaos` does so with ten streams and five kills,
 * `npm run test:all` with less of both.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { s3Storage } from '../server/bucket-storage.ts';
import { fetchObject, play } from '../server/play.ts';
import { type SegmentRow, segmentPage, storageState } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { type FaultProxy, startFaultProxy } from '../storage/servers/fault-proxy.ts';
import { startVersitygw, type Versitygw } from '../storage/servers/versitygw.ts';
import { filesBelow } from '../storage/spool/spool-fixture.ts';

const IS_LONG = process.env.CHAOS === 'long';
const STREAMS = IS_LONG ? 10 : 2;
const KILLS = IS_LONG ? 5 : 1;
/** Media that each run of the recorder sees before it is killed. */
const RUN_SECONDS = IS_LONG ? 12 : 5;
/** A machine that also sends ten streams starts slowly. */
const START_TIMEOUT_MS = 60_000;

t.setTimeout(1_200_000);

t.test('whatever the bucket does', async (t) => {
  if (!requireFfmpeg(t)) return;
  const server = await startVersitygw(t, { buckets: ['recordings'] });
  if (server === undefined) return;
  const proxy = await startFaultProxy(t, server.port);
  const storage = s3Storage(proxy.endpoint);
  const bucket = path.join(server.folder, 'recordings/node 1');

  const seen = new Map<string, string>();
  let root: string | undefined;
  for (let run = 0; run < KILLS; run++) {
    const recorder = await startRecorder(t, {
      storage,
      startTimeoutMs: START_TIMEOUT_MS,
      ...(root !== undefined && { root, flags: ['--offline'] }),
    });
    root = recorder.root;
    const publishers = await publishAll(t, recorder);
    const watch = watching(recorder, seen);
    const trouble = misbehave(server, proxy, run);
    await sent(publishers, RUN_SECONDS);
    await watch.stop();
    await recorder.kill();
    for (const publisher of publishers) publisher.vanish();
    await trouble;
  }
  proxy.fault = () => undefined;

  const last = await startRecorder(t, {
    storage,
    startTimeoutMs: START_TIMEOUT_MS,
    ...(root !== undefined && { root }),
  });
  const publishers = await publishAll(t, last);
  await sent(publishers, 3);
  await Promise.all(publishers.map((publisher) => publisher.stop()));
  const state = await until(
    'nothing waits',
    async () => {
      const state = await storageState(last.url);
      return state.waiting_files === 0 && state;
    },
    120_000,
  );
  t.match(state, { state: 'ok', parked_files: 0, dropped_files: 0 });
  const rows = await allRows(last.url);
  t.ok(rows.length >= STREAMS * 2 * (KILLS + 1), `${rows.length} segments`);
  t.ok(rows.every(({ uploaded }) => uploaded));

  for (const row of rows) {
    const data = readFileSync(path.join(bucket, row.path));
    if (data.length !== row.size) t.fail(`${row.path} has ${data.length} of ${row.size} bytes`);
    const hash = seen.get(row.path);
    if (hash !== undefined && hash !== hashOf(data)) t.fail(`${row.path} is not what was recorded`);
  }
  for (const key of seen.keys()) {
    if (!rows.some((row) => row.path === key)) t.fail(`${key} was listed and is so no more`);
  }
  t.ok(seen.size >= STREAMS * KILLS, `${seen.size} segments were seen as they were recorded`);
  const inBucket = filesBelow(bucket).filter((key) => key.includes('seg_'));
  t.same(inBucket, rows.map((row) => row.path).sort(), 'the bucket has these and no others');
  const left = filesBelow(last.root).filter((key) => /seg_|\.part$|\.sent$/.test(key));
  t.same(left, [], 'nothing is left in the spool');

  for (let number = 0; number < STREAMS; number++) {
    const own = rows.filter(({ stream }) => stream === `cam${number}`);
    const played = await play(last.url, `${path.dirname(own[0]!.path)}/manifest.mpd`);
    t.equal(played.mpd.type, 'static');
    t.ok(played.mpd.periods.length > KILLS);
    t.same(played.segments.toSorted(), own.map((row) => path.basename(row.path)).sort());
    for (const media of played.media) t.same(media.errors, []);
  }
});

/** One after the other: ten handshakes at once are more than a small machine does in time. */
async function publishAll(t: Test, { url }: RecorderProcess): Promise<WhipPublisher[]> {
  const publishers: WhipPublisher[] = [];
  for (let number = 0; number < STREAMS; number++) {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam${number}` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    publishers.push(publisher);
  }
  return publishers;
}

function sent(publishers: WhipPublisher[], seconds: number): Promise<unknown> {
  const frames = seconds * 30;
  return until(
    `${seconds} s of all streams`,
    () => publishers.every((publisher) => publisher.sent.videoFrames >= frames),
    120_000,
  );
}

/** One trouble after the other; which is the first depends on the run. The server is well after. */
async function misbehave(server: Versitygw, proxy: FaultProxy, run: number): Promise<void> {
  const troubles = [
    async () => {
      let calls = 0;
      proxy.fault = () => (calls++ % 2 === 0 ? { status: 503, code: 'SlowDown' } : undefined);
      await delay(4000);
      proxy.fault = () => undefined;
    },
    () => server.restart(2000),
    async () => {
      server.process.kill('SIGSTOP');
      await delay(3000);
      server.process.kill('SIGCONT');
    },
  ];
  for (let i = 0; i < troubles.length; i++) await troubles[(run + i) % troubles.length]!();
}

/** Takes note of what each segment holds as soon as it is listed, wherever it is then. */
function watching({ url, root }: RecorderProcess, seen: Map<string, string>) {
  let isOver = false;
  const look = async () => {
    const { segments } = await segmentPage(url, { limit: 1000 });
    for (const { path: key } of segments) {
      if (seen.has(key)) continue;
      const file = path.join(root, key);
      // In the moment between it is read by its address, or at the next look.
      const data = existsSync(file) ? readFileSync(file) : await fetchObject(url, key);
      seen.set(key, hashOf(data));
    }
  };
  const looking = (async () => {
    while (!isOver) {
      await look().catch(() => undefined);
      await delay(100);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await looking;
    },
  };
}

async function allRows(url: string): Promise<SegmentRow[]> {
  const rows: SegmentRow[] = [];
  for (let since = 0; ; ) {
    const page = await segmentPage(url, { limit: 1000, since_ts: since });
    rows.push(...page.segments);
    if (!page.has_more) return rows;
    since = page.last_ts;
  }
}

function hashOf(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
