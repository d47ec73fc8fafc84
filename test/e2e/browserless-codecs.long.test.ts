import { mkdir } from 'node:fs/promises';
import t from 'tap';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { encodeVideo } from '../recording/every-codec/codec-clips.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { checkRecordedClip } from './published-clip.ts';

const PICTURES = 200;

// What no browser here publishes; VP8, VP9 and AV1 come from Chromium.
t.test('H265 with B pictures, through the whole service', async (t) => {
  if (!requireFfmpeg(t)) return;
  await mkdir(t.testdir(), { recursive: true });
  const { url, root } = await startRecorder(t);
  const names = ['h265-reordered', 'h265-main10-reordered'] as const;
  const published = [];
  for (const name of names) {
    const { video: encodedVideo, hashes } = await encodeVideo(t.testdirName, name);
    const whipUrl = `${url}/whip/${name}`;
    const publisher = await WhipPublisher.connect({ whipUrl, encodedVideo });
    t.teardown(() => publisher.vanish());
    published.push({ name, hashes, publisher });
  }
  for (const { publisher } of published) publisher.start();
  for (const { name, hashes, publisher } of published) {
    await until('all pictures', () => publisher.sent.videoFrames >= PICTURES);
    const { tracks } = await recordStatus(url, name);
    const video = tracks.find(({ kind }) => kind === 'video');
    t.match(video, { codec: /h265|hvc1/i }, 'the state names it');
    await publisher.stop();
    await t.test(name, async (t) => {
      const recorded = await checkRecordedClip(t, hashes, root, name);
      t.match(recorded, { mimeType: 'video/mp4', codecName: 'hevc', unevenSteps: 0 });
      t.match(recorded.codecs, name === 'h265-reordered' ? /^hvc1\.1\.6\./ : /^hvc1\.2\.4\./);
      t.ok(recorded.pictures >= publisher.sent.videoFrames - 3, `${recorded.pictures} pictures`);
    });
  }
});
