/**
 * Streams are recorded, played and deleted by rules, while the recorder is killed again and again.
 * `npm run retention-loop` does so with ten streams and a hundred kills (`KILLS`), on the disk and with
 * an S3 server, the tests with less of both.
 */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { recordingFolders } from '../../src/verification/recording-folders.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { s3Storage } from '../server/bucket-storage.ts';
import { storageState } from '../server/recorder-client.ts';
import { until } from '../server/until.ts';
import { startVersitygw } from '../storage/servers/versitygw.ts';
import { filesBelow } from '../storage/spool/spool-fixture.ts';
import { type LoopRules, RetentionLoop } from './retention-loop.ts';

const IS_LONG = process.env.RETENTION_LOOP === 'long';
const SIZE = {
  streams: IS_LONG ? 10 : 2,
  kills: IS_LONG ? Number(process.env.KILLS ?? 100) : 2,
};
const BOTH: LoopRules = { max_age: '1m', max_size: '60KB' };
/** Each kind of rule by itself, for a part of the kills; the first one needs recordings of a minute. */
const EACH: LoopRules[] = [
  { max_age: '1m' },
  { max_size: '1MB' },
  {
    streams: [
      { match: 'cam[0-4]', max_size: '300KB' },
      { match: 'cam*', max_age: '1m', max_size: '400KB' },
    ],
  },
];
const FREE: LoopRules = { min_free: '99%' };

t.setTimeout(7_200_000);

t.test('on the disk', async (t) => {
  if (!requireFfmpeg(t)) return;
  const rules = IS_LONG ? [...EACH, FREE] : [BOTH];
  const loop = new RetentionLoop(t, { ...SIZE, rules });
  const last = await loop.run();
  await until(
    'no file is without row, no row without file',
    async () => {
      const rows = (await loop.rows()).map((row) => row.path).sort();
      const files = filesBelow(last.root).filter((file) => file.includes('seg_'));
      return isDeepStrictEqual(files.sort(), rows);
    },
    60_000,
  );
  for await (const folder of recordingFolders(last.root)) {
    const { findings } = await verifyRecording(folder, { live: true });
    t.same(
      findings.filter(({ damage }) => damage),
      [],
      folder,
    );
  }
});

t.test('with a bucket', async (t) => {
  if (!requireFfmpeg(t)) return;
  const server = await startVersitygw(t, { buckets: ['recordings'] });
  if (server === undefined) return;
  const storage = s3Storage(`http://127.0.0.1:${server.port}`);
  const loop = new RetentionLoop(t, { ...SIZE, rules: IS_LONG ? EACH : [BOTH], storage });
  const last = await loop.run();
  await until(
    'nothing waits for upload',
    async () => (await storageState(last.url)).waiting_files === 0,
    120_000,
  );
  const bucket = path.join(server.folder, 'recordings/node 1');
  const { rows, objects } = await until(
    'no object is without row, no row without object',
    async () => {
      const rows = await loop.rows();
      const objects = filesBelow(bucket);
      const segments = objects.filter((key) => key.includes('seg_')).sort();
      const paths = rows.map((row) => row.path).sort();
      return isDeepStrictEqual(segments, paths) && { rows, objects };
    },
    60_000,
  );
  for (const init of new Set(rows.map(({ init_path }) => init_path))) {
    t.ok(objects.includes(init), init);
  }
  t.same(
    filesBelow(last.root).filter((file) => file.includes('seg_')),
    [],
    'nothing is left in the spool',
  );
});
