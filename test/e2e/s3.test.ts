import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { s3Storage } from '../server/bucket-storage.ts';
import { segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { startVersitygw } from '../storage/servers/versitygw.ts';

t.setTimeout(600_000);

t.test('a recording goes to a bucket', async (t) => {
  if (!requireFfmpeg(t)) return;
  const server = await startVersitygw(t, { buckets: ['recordings'] });
  if (server === undefined) return;
  const { url, stop } = await startRecorder(t, { storage: s3Storage(server.endpoint) });
  const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam` });
  t.teardown(() => publisher.vanish());
  publisher.start();
  await until('six seconds', () => publisher.sent.videoFrames >= 180);
  await publisher.stop();
  const { segments } = await segmentPage(url, { limit: 1000 });
  t.ok(segments.length >= 4, `${segments.length}`);
  t.equal(await stop(), 0);
  for (const { path: key, size } of segments) {
    t.equal(readFileSync(path.join(server.folder, 'recordings/node 1', key)).length, size);
  }
});
