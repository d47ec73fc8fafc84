import t, { type Test } from 'tap';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { FRAME_RATE } from '../publisher/clip.ts';
import type { SimulcastOptions } from '../publisher/simulcast.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const LOW = 0;
const HIGH = 1;
const SIZES = ['320x180', '640x360'];

t.test('simulcast', { jobs: 3 }, async (t) => {
  if (!requireFfmpeg(t)) return;
  const { url, root } = await startRecorder(t, { segmentSeconds: 2 });
  const forms: SimulcastOptions['announced'][] = ['offered', 'unasked', 'grouped'];
  const scenarios = forms.map((announced) => {
    return t.test(`the smaller first, ${announced}`, { buffered: true }, async (t) => {
      const publisher = await WhipPublisher.connect({
        whipUrl: `${url}/whip/${announced}`,
        layers: { clips: ['flash-and-beep.h264', 'moving-640x360.h264'], announced },
      });
      t.teardown(() => publisher.vanish());
      publisher.start();
      const layer = async () => {
        const { tracks } = await recordStatus(url, announced);
        const { width, height, ...rest } = tracks.find(({ kind }) => kind === 'video')!.layer!;
        return { size: `${width}x${height}`, ...rest };
      };
      const seconds = (count: number) =>
        until(`${count} s`, () => publisher.layers!.frames >= count * FRAME_RATE, 60_000);
      await seconds(4);
      const isNamed = announced !== 'grouped';
      const high = { size: SIZES[HIGH], ...(isNamed && { rid: '1' }), of: 2, switches: 0 };
      t.same(await layer(), high);
      publisher.layers!.pause(HIGH);
      await until('the smaller one follows', async () => (await layer()).switches === 1, 20_000);
      t.equal((await layer()).size, SIZES[LOW]);
      await seconds(10);
      publisher.layers!.resume(HIGH);
      await until('and the larger one', async () => (await layer()).switches === 2, 20_000);
      t.equal((await layer()).size, SIZES[HIGH]);
      await seconds(Math.ceil(publisher.layers!.frames / FRAME_RATE) + 2);
      const { dropped_units: dropped } = await recordStatus(url, announced);
      t.equal(dropped!.late, 0, 'no sound gave way to silence');
      await publisher.stop();
      await check(t, root, announced, publisher.sent.audioPackets);
    });
  });
  await Promise.all(scenarios);
});

async function check(t: Test, root: string, stream: string, soundSent: number): Promise<void> {
  const { periods } = await readDayFolder(root, stream);
  t.same(
    periods.map(({ video }) => `${video!.described.width}x${video!.described.height}`),
    [SIZES[HIGH], SIZES[LOW], SIZES[HIGH]],
    'a Period each',
  );
  let sound = 0;
  for (const { video, audio } of periods) {
    const { streams, errors } = await probeSegments([video!.init, ...video!.segments]);
    const { width, height, segments, timescale } = video!.described;
    t.equal(`${streams[0]!.width}x${streams[0]!.height}`, `${width}x${height}`);
    const seconds = segments.reduce((sum, { duration }) => sum + duration, 0) / timescale;
    t.ok(seconds >= 1, `${seconds} s: players stick at a short Period`);
    t.same(errors, [], 'all of it decodes');
    sound += (await probeSegments([audio!.init, ...audio!.segments])).packetCount;
  }
  // Where a Period ends with the picture, silence of a packet or two ends with it.
  const most = soundSent + 2 * periods.length;
  t.ok(sound >= soundSent - 1 && sound <= most, `${sound} packets of sound, ${soundSent} sent`);
}
