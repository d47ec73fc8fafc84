import path from 'node:path';
import t from 'tap';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { SimulatedPublisher, type Skip } from '../recording/simulated-publisher.ts';
import { inTestFolder } from '../test-folder.ts';
import {
  copyRecording,
  FOLDER,
  overwrite,
  placeOf,
  recordTwoPeriods,
} from './damaged-recording.ts';

t.test('decoding finds what the structure does not tell', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = await recordTwoPeriods(t);
  const whole = await verifyRecording(path.join(publisher.root, FOLDER), { decode: true });
  t.same(
    whole.findings.map(({ kind }) => kind),
    ['gap'],
  );

  const folder = await copyRecording(t, publisher.root, 'slice');
  const file = path.join(folder, 'seg_0003.m4s');
  // Inside the slice of the keyframe, behind the header of the NAL unit.
  await overwrite(file, await placeOf(file, 'mdat', 700), Buffer.alloc(2000, 0x55));
  t.same(
    (await verifyRecording(folder)).findings.map(({ kind }) => kind),
    ['gap'],
  );
  const { findings } = await verifyRecording(folder, { decode: true });
  t.match(
    findings.filter(({ damage }) => damage),
    [{ kind: 'undecodable', file: 'seg_0003.m4s', message: /^ffmpeg: \[h264\] / }],
  );
});

t.test('a picture is missing that others refer to, which decoders conceal', async (t) => {
  if (!requireFfmpeg(t)) return;
  const lost: Skip = (kind, index) => kind === 'video' && index === 75;
  for (const onLoss of ['keep', 'freeze'] as const) {
    const root = inTestFolder(t, onLoss);
    const publisher = new SimulatedPublisher(t, { recording: { onLoss } }, root);
    await publisher.run(6, lost);
    await publisher.recording.close();
    const folder = path.join(root, FOLDER);
    t.same((await verifyRecording(folder)).findings, []);
    const { findings } = await verifyRecording(folder, { decode: true });
    if (onLoss === 'freeze') t.same(findings, [], 'what refers to it is not there either');
    else {
      t.match(findings, [
        {
          kind: 'undecodable',
          file: 'seg_0002.m4s',
          message:
            /^sample 15 comes after a missing one that others refer to \(frame_num \d+ after \d+\)$/,
        },
      ]);
    }
  }
});
