import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { writeMpd } from '../../src/manifest/mpd.ts';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import { markSpool } from '../../src/storage/spool-mark.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { storedRecording } from '../server/stored-recording.ts';
import { FOLDER, recordTwoPeriods } from '../verification/damaged-recording.ts';
import { runInProcess } from './run-main.ts';

// Building the server takes a while the first time.
t.setTimeout(600_000);

const publisher = await recordTwoPeriods(t);
const day = path.join(publisher.root, FOLDER);
const isSegment = (name: string) => name.includes('seg_');
const segments = (await readdir(day)).filter(isSegment).sort();

t.test('recordings in a bucket and the spool before it', async (t) => {
  const stored = await storedRecording(t, publisher.root);
  if (stored === undefined) return;
  const { store, spool, config } = stored;
  await markSpool(spool, store.name);
  const waiting = segments.filter((name) => name.endsWith('_0007.m4s'));
  const uploaded = segments.filter((name) => !waiting.includes(name));
  await stored.upload(uploaded);
  await stored.leave(uploaded);
  const verify = (...args: string[]) => runInProcess(['verify', '--config', config, ...args]);
  const isWhole = async (args: string[], name: string) => {
    const { code, stdout, stderr } = await verify(...args);
    t.equal(stderr, '');
    t.equal(code, 0, name);
    t.match(stdout, /^ok {7}cam1\/2026\/03\/04: 2 Periods, 16 segments, 00:00:14, 0\.5 MB\n/, name);
  };

  await t.test('without the configuration it is not checked, and says why', async (t) => {
    for (const below of ['', FOLDER, '..']) {
      const { code, stdout, stderr } = await runInProcess(['verify', path.join(spool, below)]);
      t.equal(code, 2, below);
      t.equal(stdout, '');
      t.equal(
        stderr,
        `verify: ${spool} is the spool of s3://recordings/node 1, which has most of the files: give the recorder’s configuration with --config FILE\n`,
      );
    }
  });

  await t.test('repair touches nothing there', async (t) => {
    const before = await readdir(path.join(spool, FOLDER));
    for (const below of ['', FOLDER]) {
      const { code, stderr } = await runInProcess(['repair', path.join(spool, below)]);
      t.equal(code, 2);
      t.match(
        stderr,
        /^repair: .*\/spool is the spool of s3:.*: start the recorder, which repairs/,
      );
    }
    t.same(await readdir(path.join(spool, FOLDER)), before);
  });

  await t.test('with it both are', async () => {
    await isWhole([], 'all');
    await isWhole([path.join(spool, 'cam1')], 'a path of the disk');
    await isWhole([FOLDER], 'an object path');
    await isWhole(['--decode', 'cam1/'], 'decoded');
  });

  await t.test('what is elsewhere or nowhere', async (t) => {
    t.match(await verify(publisher.root), {
      code: 2,
      stderr: /recordings is not below .*spool, the storage root of the configuration\n$/,
    });
    t.match(await verify('cam2'), { code: 2, stderr: /^verify: cam2: there is no recording/ });
  });

  await t.test('a manifest that was begun while the bucket was away', async () => {
    await stored.upload(['manifest.mpd']);
    const mpd = readMpd(await readFile(path.join(day, 'manifest.mpd'), 'utf8'));
    const late = { ...mpd, periods: mpd.periods.slice(1) };
    await writeFile(path.join(spool, FOLDER, 'manifest.mpd'), writeMpd(late, { nowUs: NOON_US }));
    await isWhole([], 'joined as it will be by its upload');
  });

  await t.test('once the disk has nothing of it', async () => {
    await stored.upload();
    await rm(path.join(spool, 'cam1'), { recursive: true });
    await isWhole([], 'all');
    await isWhole([path.join(spool, FOLDER)], 'a path of the disk that is not there any more');
  });

  await t.test('damage in the bucket', async (t) => {
    await store.delete(`${FOLDER}/seg_0003.m4s`);
    const torn = (await readFile(path.join(day, 'seg_0005.m4s'))).subarray(0, 30_000);
    await store.put(`${FOLDER}/seg_0005.m4s`, torn, { contentType: 'video/mp4' });
    const { code, stdout } = await verify('--json');
    t.equal(code, 1);
    const [{ findings, folder }] = JSON.parse(stdout).recordings;
    t.equal(folder, FOLDER);
    t.match(
      findings.filter(({ damage }: { damage: boolean }) => damage),
      [
        { kind: 'missing', file: 'seg_0003.m4s' },
        { kind: 'torn', file: 'seg_0005.m4s' },
      ],
    );
  });

  await t.test('a bucket that does not answer', async (t) => {
    stored.proxy.fault = () => ({ status: 403, code: 'AccessDenied' });
    t.match(await verify(), { code: 2, stderr: /^verify: .*AccessDenied/ });
  });
});
