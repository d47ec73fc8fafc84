import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { trackOfFile } from '../../src/verification/file-track.ts';
import { RecordingFiles } from '../../src/verification/recording-files.ts';
import { copyRecording, overwrite, placeOf, recordTwoPeriods } from './damaged-recording.ts';

const publisher = await recordTwoPeriods(t);

t.test('a segment without a manifest says itself what it is coded with', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'file codec');
  const files = new RecordingFiles(folder);
  const codecOf = async (name: string) => (await trackOfFile(files, name)).codec.name;
  t.equal(await codecOf('seg_0001.m4s'), 'h264');
  t.equal(await codecOf('audio_seg_0001.m4s'), 'opus');
  // Its name says video, and H264 is what most video is.
  const stranger = path.join(folder, 'seg_0099.m4s');
  await copyFile(path.join(folder, 'audio_seg_0001.m4s'), stranger);
  t.equal(await codecOf('seg_0099.m4s'), 'opus', 'its head names the initialization segment');
  t.equal(
    await codecOf('seg_0100.m4s'),
    'h264',
    'of a file that is not there only the name is left',
  );

  const at = await placeOf(stranger, 'audio_init.m4s', 0);
  await overwrite(stranger, at, Buffer.from('../../init.m4s'));
  t.equal(await codecOf('seg_0099.m4s'), 'h264', 'no other file is opened');
  await overwrite(stranger, at, Buffer.from('audio_init.m4s'));
  await rm(path.join(folder, 'audio_init.m4s'));
  t.equal(await codecOf('seg_0099.m4s'), 'h264', 'nor one that is gone');
});
