import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { ORIENTATIONS } from '../../src/media/picture-orientation.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { probe, requireFfmpeg } from '../containers/mp4/encoded-media.ts';
import { readMpd } from '../media/read-mpd.ts';
import { SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const [, QUARTER, HALF] = ORIENTATIONS;

/** Size in the manifest, and what ffprobe has of the pictures of each Period. */
async function recordedVideo(root: string, folder: string) {
  const day = path.join(root, FOLDER);
  const mpd = readMpd(await readFile(path.join(day, 'manifest.mpd'), 'utf8'));
  const found = [];
  for (const period of mpd.periods) {
    const set = period.adaptationSets.find(({ contentType }) => contentType === 'video')!;
    const names = [set.initialization, ...set.segments.map(({ file }) => file)];
    const files = await Promise.all(names.map((name) => readFile(path.join(day, name))));
    const joined = path.join(folder, `${period.id}.mp4`);
    await writeFile(joined, Buffer.concat(files));
    const { stream } = await probe(joined);
    const [matrix] = (stream.side_data_list ?? []) as unknown as { rotation: number }[];
    found.push({
      shown: [set.width, set.height],
      coded: [stream.width, stream.height],
      rotation: matrix?.rotation ?? 0,
    });
  }
  return found;
}

t.test('a publisher that turns its camera is shown upright in each Period', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const publisher = new SimulatedPublisher(t);
  const { recording } = publisher;
  await publisher.run(3);
  t.same(recording.pictureSize, { width: 320, height: 180 });
  publisher.orientation = QUARTER;
  const asked = publisher.keyframeRequests;
  await publisher.run(0.5);
  t.equal(publisher.keyframeRequests, asked + 1, 'a keyframe is asked for');
  await publisher.run(3.5);
  t.same(recording.pictureSize, { width: 180, height: 320 });
  publisher.orientation = HALF;
  await publisher.run(4);
  publisher.orientation = undefined;
  await publisher.run(4);
  await recording.close();

  const coded = [320, 180];
  t.same(await recordedVideo(publisher.root, t.testdirName), [
    { shown: [320, 180], coded, rotation: 0 },
    { shown: [180, 320], coded, rotation: -90 },
    { shown: [320, 180], coded, rotation: -180 },
    { shown: [320, 180], coded, rotation: 0 },
  ]);
  t.equal(recording.dropped.total, 0);
  const { findings } = await verifyRecording(path.join(publisher.root, FOLDER), { decode: true });
  t.same(findings, []);
});

t.test('black stands in the place of a turned picture as it was shown', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const publisher = new SimulatedPublisher(t);
  publisher.orientation = QUARTER;
  await publisher.run(4);
  publisher.recording.goodbye('video');
  await publisher.run(12, (kind) => kind === 'video' && 'never sent');
  await publisher.run(4);
  await publisher.recording.close();
  const periods = await recordedVideo(publisher.root, t.testdirName);
  t.same(
    periods.map(({ shown }) => shown),
    [
      [180, 320],
      [180, 320],
      [180, 320],
    ],
  );
});
