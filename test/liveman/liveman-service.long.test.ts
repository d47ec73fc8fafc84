import t from 'tap';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { Liveman } from './liveman.ts';

const TOKEN = 'node-token';
const SETTINGS = { tokens: [TOKEN], autoStreams: [] };

/** Asks the service itself, as a player does. */
async function get({ url }: RecorderProcess, path: string): Promise<Response> {
  return fetch(`${url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
}

async function segmentCount(recorder: RecorderProcess): Promise<number> {
  const page = await (await get(recorder, '/api/record/segments?limit=1000')).json();
  return (page as { segments: unknown[] }).segments.length;
}

t.test('Liveman records a stream, rotates it, and collects what a kill left open', async (t) => {
  if (!requireFfmpeg(t)) return;
  const first = await startRecorder(t, SETTINGS);
  const publisher = await WhipPublisher.connect({ whipUrl: `${first.url}/whip/cam`, token: TOKEN });
  t.teardown(() => publisher.vanish());
  publisher.start();

  const options = { url: first.url, token: TOKEN, autoStreams: ['cam'] };
  const liveman = new Liveman(options);
  await liveman.autoRecord();
  t.ok(await liveman.isRecording('cam'));
  const [[started, mpdPath]] = [...liveman.recordings] as [[string, string]];
  await until('it is collected while it goes on', () => liveman.recordSync());
  t.strictSame(liveman.collected, [`${started} Active`], 'the record that was started');
  t.equal(liveman.recordings.get(started), mpdPath);

  const framesBefore = publisher.sent.videoFrames;
  await until('a second of pictures', () => publisher.sent.videoFrames >= framesBefore + 30);
  await liveman.rotate();
  // All of the record before is listed by now; it may have begun a segment in the second of the next.
  const ofBefore = await segmentCount(first);
  const [, [next]] = [...liveman.recordings] as [unknown, [string]];
  t.not(next, started, 'another record');
  await until('both are collected', async () => {
    await liveman.collectAll();
    return liveman.collected.length === 3;
  });
  t.strictSame(
    liveman.collected.slice(1).sort(),
    [`${started} Completed`, `${next} Active`].sort(),
  );

  await until('it has told of a segment of it', async () => (await segmentCount(first)) > ofBefore);
  await first.kill();
  publisher.vanish();

  const second = await startRecorder(t, { ...SETTINGS, root: first.root });
  options.url = second.url;
  await liveman.collectAll();
  t.strictSame(liveman.collected.slice(3), [`${next} Completed`]);
  const listed = (await (await get(second, '/api/playback/cam')).json()) as {
    record: string;
    mpd_path: string;
    duration_ms: number;
  }[];
  t.strictSame(
    listed.map(({ record }) => `cam ${record}`),
    [started, next],
  );
  for (const { mpd_path, duration_ms } of listed) {
    t.ok(duration_ms > 500 && duration_ms < 60_000, `${duration_ms} ms`);
    const manifest = await get(second, `/api/record/object/${mpd_path}`);
    t.equal(manifest.headers.get('content-type')?.split(';')[0], 'application/dash+xml');
  }
  t.equal(await second.stop(), 0);
});
