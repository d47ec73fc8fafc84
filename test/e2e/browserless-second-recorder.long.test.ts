import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { recordStatus, segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.test('a second recorder on the same root', async (t) => {
  if (!requireFfmpeg(t)) return;
  const root = path.join(t.testdir({}), 'records');
  const start = (name: string) =>
    startRecorder(t, {
      root,
      segmentSeconds: 2,
      recorder: { index_path: path.join(t.testdirName, name, 'segments.jsonl') },
    });
  const publish = async (url: string, stream: string) => {
    const publisher = await WhipPublisher.connect({
      whipUrl: `${url}/whip/${stream}`,
      keyframeOnRequest: 'at once',
    });
    t.teardown(() => publisher.vanish());
    publisher.start();
    return publisher;
  };
  const first = await start('first');
  const publisher = await publish(first.url, 'shared');
  const parts = async (folder: string) =>
    (await readdir(path.join(root, folder))).filter((name) => /seg_\d+\.m4s\.part$/.test(name));
  const folder = await until('it is recorded', async () => {
    return (await recordStatus(first.url, 'shared')).record_dir;
  });
  await until('a segment is being written', async () => {
    return (await parts(folder).catch(() => [])).length > 0;
  });

  const second = await start('second');
  const rival = await publish(second.url, 'shared');
  const refused = await until('the second one says why it does not record', async () => {
    return (await recordStatus(second.url, 'shared')).error;
  });
  t.match(refused, /is being written by another recorder, process \d+/);
  const other = await publish(second.url, 'other');
  await until('another stream is recorded', async () => {
    return (await segmentPage(second.url, { stream: 'other' })).segments.length > 0;
  });
  await other.stop();

  const frames = publisher.sent.videoFrames;
  await until('three seconds more', () => publisher.sent.videoFrames > frames + 90);
  t.match(await recordStatus(first.url, 'shared'), { state: 'recording' });
  t.notMatch(first.log().join('\n'), /"level":"error"/, 'the first one noticed nothing');
  const sent = publisher.sent.videoFrames;
  // Without a word: what it had open is taken up by the second one, as nobody else writes there now.
  await first.kill();
  await until('the second one goes on by itself', async () => {
    return (await recordStatus(second.url, 'shared')).state === 'recording';
  });
  await rival.stop();

  const mpd = readMpd(await readFile(path.join(root, folder, 'manifest.mpd'), 'utf8'));
  t.equal(mpd.type, 'static');
  t.same(await parts(folder), []);
  const listed: string[] = [];
  let pictures = 0;
  for (const set of mpd.periods.flatMap(({ adaptationSets }) => adaptationSets)) {
    const names = set.segments.map(({ file }) => file);
    listed.push(...names);
    const media = await probeSegments(
      [set.initialization, ...names].map((name) => path.join(root, folder, name)),
    );
    t.same(media.errors, [], `${set.contentType} from ${names[0]} on is sound`);
    if (set.contentType === 'video') pictures += media.frameCount;
  }
  const files = await readdir(path.join(root, folder));
  t.same(listed.toSorted(), files.filter((name) => /seg_\d+\.m4s$/.test(name)).toSorted());
  t.ok(
    pictures > sent - 60,
    `${pictures} pictures, of the first one’s ${sent} and the second one’s`,
  );
  t.equal(await second.stop(), 0);
});
