import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { readInitializationConfiguration } from '../../src/containers/mp4/initialization-segment-reader.ts';
import { repairRecording } from '../../src/repair/repair-recording.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { requireFfmpeg } from '../containers/mp4/encoded-media.ts';
import { encodeClip } from '../recording/encoded-clip.ts';
import { NOON_US, SimulatedPublisher } from '../recording/simulated-publisher.ts';
import { FOLDER } from '../verification/damaged-recording.ts';

t.test('an initialization segment that delays pictures otherwise than they need', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const clip = { seconds: 4, profile: 'high', params: 'bframes=2:b-adapt=0:b-pyramid=none' };
  const { frames } = await encodeClip(t.testdir(), clip);
  const publisher = new SimulatedPublisher(t, { frames }, `${t.testdirName}/root`);
  await publisher.run(4);
  await publisher.recording.close();
  const folder = path.join(publisher.root, FOLDER);
  const file = path.join(folder, 'init.m4s');
  const right = await readFile(file);
  t.equal(readInitializationConfiguration(right)?.kind, 'video', 'it is one of pictures');
  await copyFile(file, path.join(folder, 'init_2.m4s'));
  const wrong = Buffer.from(right);
  wrong.writeInt32BE(18_000, wrong.indexOf('elst') + 16);
  await writeFile(file, wrong);
  const { findings } = await verifyRecording(folder);
  t.match(findings[0], {
    kind: 'initialization',
    file: 'seg_0001.m4s',
    message:
      'its composition delay is wrong: pictures are delayed by 9000 ticks, init.m4s takes away 18000',
  });
  const { left } = await repairRecording(folder, NOON_US);
  t.same(left, []);
  t.same(await readFile(file), right);
});
