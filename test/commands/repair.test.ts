import { readdir, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { lockForRecorder, lockForRepair } from '../../src/files/storage-root-lock.ts';
import {
  copyRecording,
  overwrite,
  placeOf,
  recordTwoPeriods,
} from '../verification/damaged-recording.ts';
import { runInProcess } from './run-main.ts';

const publisher = await recordTwoPeriods(t);
const log = { warn() {} };

t.test('verify finds it, repair mends it, verify is content', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'mend');
  const root = path.join(folder, '../../../..');
  await rm(path.join(folder, 'seg_0003.m4s'));
  await truncate(path.join(folder, 'seg_0007.m4s'), 50_000);
  t.equal((await runInProcess(['verify', root])).code, 1);
  const { code, stdout, stderr } = await runInProcess(['repair', root]);
  t.equal(stderr, '');
  t.equal(code, 0);
  t.match(
    stdout,
    /^cam1\/2026\/03\/04\n {2}seg_0007\.m4s +cut to its 1 complete chunks; old file kept as/,
  );
  t.match(stdout, /\n1 recordings, 1 with damage: no damage is left\n$/);
  t.equal((await runInProcess(['verify', root])).code, 0);
  t.match(
    (await runInProcess(['repair', root])).stdout,
    /^1 recordings, 0 with damage: no damage is left/,
  );
});

t.test('what cannot be mended ends it with 1', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'left');
  const file = path.join(folder, 'seg_0004.m4s');
  await overwrite(file, await placeOf(file, 'mdat', 4), Buffer.from([0x40]));
  const { code, stdout } = await runInProcess(['repair', folder]);
  t.equal(code, 1);
  t.match(stdout, /^ {2}! seg_0004\.m4s +undecodable: sample 0 has a NAL unit/m);
  t.match(stdout, /1 problems are left\n$/);
});

t.test('not beside a recorder, of whatever index; and no recorder beside it', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'running');
  const root = path.join(folder, '../../../..');
  await rm(path.join(folder, 'manifest.mpd'));
  const lock = await lockForRecorder(root, '/elsewhere/segments.jsonl', log);
  const refused = await runInProcess(['repair', folder]);
  t.equal(refused.code, 2);
  t.match(refused.stderr, /^repair: a recorder is running on .* \(process \d+\): stop it first\n$/);
  t.notOk((await readdir(folder)).includes('manifest.mpd'));
  await t.rejects(lockForRepair(root, log), { message: /a recorder is running/ });
  await lock.release();
  const repair = await lockForRepair(root, log);
  await t.rejects(lockForRecorder(root, '/elsewhere/segments.jsonl', log), {
    message: /are being repaired by process \d+; start when it is done/,
  });
  await repair.release();
  const { code, stdout } = await runInProcess(['repair', folder]);
  t.equal(code, 0);
  t.match(stdout, /now run: live777-recorder reindex\n$/);
  t.match((await runInProcess(['repair'])).stderr, /^repair needs one PATH/);
});
