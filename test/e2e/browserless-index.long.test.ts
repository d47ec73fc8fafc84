import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { type SegmentRow, segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const FRAMES = 270;
const STREAMS = ['one', 'two', 'three'];
const HOUR_MS = 3_600_000;
/** How far a time in the index may be from the truth. */
const TOLERANCE_US = 200_000;
/** µs from one keyframe of the clip to the next. */
const KEYFRAME_INTERVAL_US = 2e6;

t.test('a poller sees each segment of three streams once and in order', async (t) => {
  const { url, root } = await startRecorder(t, { recorder: { node_alias: 'node-7' } });
  const publishers = new Map<string, WhipPublisher>();
  for (const stream of STREAMS) {
    const publisher = await WhipPublisher.connect({
      whipUrl: `${url}/whip/${stream}`,
      ...(stream === 'two' && { clockOffsetMs: 3 * HOUR_MS }),
      ...(stream === 'three' && { audioDelayMs: 100 }),
    });
    t.teardown(() => publisher.vanish());
    publishers.set(stream, publisher);
  }
  for (const publisher of publishers.values()) publisher.start();

  const seen: SegmentRow[] = [];
  let since = 0;
  const poll = async (wait: number): Promise<boolean> => {
    const page = await segmentPage(url, { since_ts: since, limit: 4, wait });
    for (const row of page.segments) {
      const { size } = await stat(join(root, row.path));
      t.equal(size, row.size, `${row.path} is on the disk when it is told of`);
      await stat(join(root, row.init_path));
    }
    seen.push(...page.segments);
    t.ok(page.last_ts >= since, 'last_ts never goes back');
    since = page.last_ts;
    return page.has_more;
  };
  const [one] = publishers.values();
  let polls = 0;
  while (one!.sent.videoFrames < FRAMES) {
    await poll(1);
    polls++;
  }
  t.ok(seen.length >= 6, `${seen.length} segments in ${polls} polls while recording`);
  await Promise.all([...publishers.values()].map((publisher) => publisher.stop()));
  await until('the last page', async () => !(await poll(0)));

  const paths = seen.map((row) => row.path);
  t.equal(new Set(paths).size, paths.length, 'each segment once');
  const cursors = seen.map((row) => row.created_at);
  t.same(
    cursors,
    [...new Set(cursors)].sort((a, b) => a - b),
    'created_at is unique and increases',
  );
  t.same([...new Set(seen.map((row) => row.node_alias))], ['node-7']);
  const { segments: all } = await segmentPage(url, { limit: 1000 });
  t.same(all.map((row) => row.path).sort(), paths.toSorted(), 'nothing was missed');

  for (const [stream, { sent }] of publishers) {
    for (const kind of ['video', 'audio'] as const) {
      const rows = seen.filter((row) => row.stream === stream && row.kind === kind);
      await t.test(`${stream} ${kind}`, async (t) => {
        t.ok(rows.length >= 4, `${rows.length} segments`);
        const prefix = kind === 'video' ? 'seg' : 'audio_seg';
        for (const [i, row] of rows.entries()) {
          const name = `${prefix}_${String(i + 1).padStart(4, '0')}.m4s`;
          t.ok(row.path.endsWith(`/${name}`), `${row.path} is number ${i + 1}`);
          t.equal(row.codec.startsWith(kind === 'video' ? 'avc1.42' : 'opus'), true, row.codec);
          t.equal(row.duration_ms, Math.round((row.end_ts - row.start_ts) / 1000));
          t.equal(row.is_keyframe, true);
          if (i > 0) t.equal(row.start_ts, rows[i - 1]!.end_ts, 'begins where the one before ends');
        }
        const truth = kind === 'video' ? sent.firstFrameAtUs : sent.firstAudioAtUs;
        const error = Math.abs(rows[0]!.start_ts - truth);
        t.ok(error < TOLERANCE_US, `the first begins ${error / 1000} ms off the truth`);
        const duration = rows.at(-1)!.end_ts - rows[0]!.start_ts;
        // Both tracks are made as long as the longer one: a busy publisher may be late with the other.
        const samples = Math.max(sent.videoFrames / 30, sent.audioPackets / 50);
        t.ok(
          Math.abs(duration - samples * 1e6) < TOLERANCE_US,
          `all together last ${duration / 1e6} of ${samples} s`,
        );
        if (kind === 'audio') return;
        const keyframes = rows.flatMap((row) => row.keyframes);
        t.equal(keyframes.length, sent.videoKeyframes);
        for (const [i, time] of keyframes.entries()) {
          const error = Math.abs(time - (sent.firstFrameAtUs + i * KEYFRAME_INTERVAL_US));
          t.ok(error < TOLERANCE_US, `keyframe ${i} is ${error / 1000} ms off the truth`);
        }
      });
    }
  }
});
