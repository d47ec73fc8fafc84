import path from 'node:path';
import t from 'tap';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { requireFfmpeg } from '../media/tool.ts';
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
