import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { getJson, recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.test('no base directory keeps another stream from being recorded', async (t) => {
  const { url, root } = await startRecorder(t, { segmentSeconds: 1 });
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  const start = (stream: string, baseDir: string) =>
    fetch(`${url}/api/record/${stream}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ base_dir: baseDir }),
    });
  for (const [stream, base] of [
    ['attacker', `victim/${day}/manifest.mpd`],
    ['attacker', `victim/${day}/seg_0001.m4s.part`],
    ['manifest.mpd', `victim/${day}`],
    ['2026', 'victim'],
  ] as const) {
    const reply = await start(stream, base);
    t.equal(reply.status, 400, `${base} for ${stream}`);
    t.match(await reply.json(), { message: /^base_dir: / });
  }
  // Beside its day folders there may be others.
  t.equal((await start('attacker', 'victim/archive')).status, 200);
  for (const stream of ['attacker', 'victim']) {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/${stream}` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    await until('three seconds', () => publisher.sent.videoFrames >= 90);
    t.match(await recordStatus(url, stream), { state: 'recording' });
    await publisher.stop();
  }
  t.notOk(existsSync(path.join(root, 'victim', day, 'manifest.mpd', 'attacker')));
  const { mpd } = await readDayFolder(root, 'victim');
  t.equal(mpd.type, 'static', 'it is recorded where it belongs');
  const listed = await getJson<{ segments: { path: string }[] }>(
    `${url}/api/record/segments?stream=attacker`,
  );
  t.ok(listed.segments.length > 0);
  for (const { path } of listed.segments) t.match(path, `victim/archive/attacker/${day}/`);
});
