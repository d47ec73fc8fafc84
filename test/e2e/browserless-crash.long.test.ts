import { basename } from 'node:path';
import t from 'tap';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { mediaHashes, readDayFolder } from '../server/day-folder.ts';
import { segmentPage } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** Pictures that may be lost with the process: a chunk of 1 s is written when it is 1.5 s old. */
const MOST_LOST = 60;

t.test('a process that is killed in the middle of a recording', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publish = async ({ url }: RecorderProcess) => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    return publisher;
  };
  const first = await startRecorder(t);
  const cut = await publish(first);
  await until('5.5 seconds', () => cut.sent.videoFrames >= 165);
  const { segments: told } = await segmentPage(first.url, { limit: 1000 });
  const framesBefore = cut.sent.videoFrames;
  await first.kill();
  cut.vanish();
  t.ok(told.length >= 2, `${told.length} segments were told of before`);
  const killed = await readDayFolder(first.root, 'cam');
  const durable = await mediaHashes(killed.path);

  const second = await startRecorder(t, { root: first.root });
  const resumed = await publish(second);
  await until('three seconds', () => resumed.sent.videoFrames >= 90);
  await resumed.stop();

  const after = await readDayFolder(first.root, 'cam');
  t.equal(after.mpd.type, 'static');
  const now = await mediaHashes(after.path);
  for (const { path } of told) {
    const name = basename(path);
    t.ok(durable.has(name), `${name} was durable when it was told of`);
    t.equal(now.get(name), durable.get(name), `${name} is as it was`);
  }
  const numbers = after.periods
    .flatMap((period) => period.video!.segments)
    .map((path) => Number(/_(\d+)\.m4s$/.exec(basename(path))![1]));
  t.same(
    numbers,
    numbers.map((_, i) => i + 1),
    'numbers go on',
  );
  let pictures = 0;
  for (const { video } of after.periods) {
    const probed = await probeSegments([video!.init, ...video!.segments]);
    t.same(probed.errors, []);
    pictures += probed.frameCount;
  }
  const lost = framesBefore + resumed.sent.videoFrames - pictures;
  t.ok(lost <= MOST_LOST, `${lost} pictures are lost`);
  const { segments } = await segmentPage(second.url, { limit: 1000 });
  t.same(
    segments.map((row) => basename(row.path)).sort(),
    after.names.filter((name) => name.includes('seg_')),
    'the index has what the folder has',
  );
});
