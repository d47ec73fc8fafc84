import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { play } from '../server/play.ts';
import { segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.test('a range of a stream is deleted while it is recorded', async (t) => {
  if (!requireFfmpeg(t)) return;
  const recorder = await startRecorder(t, { segmentSeconds: 1, retention: { grace_seconds: 5 } });
  const { url, root } = recorder;
  const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam1` });
  t.teardown(() => publisher.vanish());
  publisher.start();
  const rows = async () => (await segmentPage(url, { limit: 1000 })).segments;
  const all = await until('ten segments', async () => {
    const some = await rows();
    return some.length >= 10 && some;
  });
  const video = all.filter(({ kind }) => kind === 'video');
  const range = `start=${video[1]!.start_ts - 100_000}&end=${video[2]!.end_ts + 100_000}`;
  const address = `${url}/api/playback/cam1?${range}`;
  const dry = await fetch(`${address}&dry_run=true`, { method: 'DELETE' });
  const named = (await dry.json()) as { deleted: { segments: number }[] };
  t.match(named, { dry_run: true, deleted: [{ stream: 'cam1', reason: 'request' }] });
  const done = await fetch(address, { method: 'DELETE' });
  t.same(await done.json(), { ...named, dry_run: false });
  const left = new Set((await rows()).map(({ path }) => path));
  const gone = all.filter(({ path }) => !left.has(path)).map(({ path }) => path);
  t.equal(gone.length, named.deleted[0]!.segments);
  t.ok(gone.length >= 3, `${gone.length} segments`);
  const folder = dirname(all[0]!.path);
  const manifest = `${url}/api/record/object/${folder}/manifest.mpd`;
  await until('the manifest without them', async () =>
    (await (await fetch(manifest)).text()).includes('<!-- deleted: seg '),
  );
  for (const path of gone) t.ok(existsSync(join(root, path)), `${path} can still be read`);
  await until('their files are gone', () => gone.every((path) => !existsSync(join(root, path))));
  const isLogged = /"stream":"cam1","reason":"request".*"deleted recordings"/;
  await until('it is logged', () => isLogged.test(recorder.log().join('\n')));
  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.match(metrics, `live777_recorder_deleted_segments_total ${gone.length}\n`);
  await publisher.stop();

  const kept = await rows();
  const played = await play(url, `${folder}/manifest.mpd`);
  t.same(
    played.segments.toSorted(),
    kept.map(({ path }) => path.split('/').at(-1)).sort(),
    'the manifest names the others',
  );
  for (const media of played.media) t.same(media.errors, []);
  const { findings } = await verifyRecording(join(root, folder));
  t.same(
    findings.filter(({ damage }) => damage),
    [],
  );
  t.equal(await recorder.stop(), 0);
});
