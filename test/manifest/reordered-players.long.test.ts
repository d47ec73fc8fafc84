import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import { requireChromium } from '../chromium/launch.ts';
import { requireFfmpeg } from '../containers/mp4/encoded-media.ts';
import { encodeClip } from '../recording/encoded-clip.ts';
import { SimulatedPublisher } from '../recording/simulated-publisher.ts';
import { type PlayerName, playRecording, playToTheEnd, seek } from './player-page.ts';
import type { Recording } from './two-periods.ts';

const PLAYERS: PlayerName[] = ['dash.js', 'shaka'];
/** Seconds that a picture is shown. */
const FRAME = 1 / 30;

t.test(
  'pictures that are reordered, some of one timestamp, some lost: all play through',
  async (t) => {
    const browser = await requireChromium(t);
    if (browser === undefined || !(await requireFfmpeg(t))) return;
    const { frames } = await encodeClip(t.testdir(), {
      seconds: 6,
      profile: 'high',
      params: 'bframes=3:b-adapt=0:b-pyramid=normal',
    });
    // In the fourth second half a second of pictures has timestamps of the same moment.
    for (let i = 100; i < 115; i++) frames[i]!.ticks = frames[100]!.ticks!;
    const publisher = new SimulatedPublisher(t, { frames }, `${t.testdirName}/root`);
    // In the second one a picture is lost, and with it all that refers to it.
    await publisher.run(6, (kind, index) => kind === 'video' && index === 34);
    publisher.recording.detach();
    await publisher.run(10, () => true);
    publisher.attach();
    await publisher.run(6);
    await publisher.recording.close();
    const folder = path.join(publisher.root, 'cam1/2026/03/04');
    const files = new Map<string, Buffer>();
    for (const name of await readdir(folder))
      files.set(name, await readFile(path.join(folder, name)));
    const presentation = readMpd(files.get('manifest.mpd')!.toString());
    t.equal(presentation.periods.length, 2);
    let seconds = 0;
    for (const { video } of presentation.periods) {
      seconds += (video!.timeline.endTicks - video!.timeline.startTicks) / 90_000;
    }
    for (const player of PLAYERS) {
      t.test(player, async (t) => {
        const page = await playRecording(t, browser, player, { presentation, files });
        const through = await playToTheEnd(page);
        t.same(through.errors, []);
        t.ok(through.frames[0]!.time <= 0.5, `begins at ${through.frames[0]!.time}`);
        t.ok(through.endedAt >= seconds - 3 * FRAME, `ends at ${through.endedAt} of ${seconds}`);
        const times = through.frames.map(({ time }) => time);
        t.ok(
          times.every((time, i) => i === 0 || time > times[i - 1]!),
          'each picture is shown after the one before',
        );
        for (const target of [1.01, 5.01, 0.51]) {
          const shown = await seek(page, target);
          t.ok(
            Math.abs(shown.time - target) <= FRAME + 0.01,
            `at ${target} picture of ${shown.time}`,
          );
        }
      });
    }
  },
);

t.test('a picture that goes on at a recovery point after a loss plays through', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined || !(await requireFfmpeg(t))) return;
  const clip = { seconds: 8, profile: 'baseline', params: 'intra-refresh=1' };
  const { frames } = await encodeClip(t.testdir(), clip);
  const publisher = new SimulatedPublisher(t, { frames }, `${t.testdirName}/root`);
  await publisher.run(7.99, (kind, index) => kind === 'video' && index === 45);
  await publisher.recording.close();
  const recording = await readRecording(path.join(publisher.root, 'cam1/2026/03/04'));
  for (const player of PLAYERS) {
    t.test(player, async (t) => {
      const page = await playRecording(t, browser, player, recording);
      const { frames, errors, endedAt } = await playToTheEnd(page);
      t.same(errors, []);
      t.ok(endedAt >= 8 - 3 * FRAME, `ends at ${endedAt}`);
      t.ok(frames.at(-1)!.time >= 7.5, `last shows ${frames.at(-1)!.time}`);
      const after = frames.find(({ time }) => time > 2)!.time;
      t.ok(after > 3.9 && after < 6, `goes on at ${after}, when it is whole`);
    });
  }
});

async function readRecording(folder: string): Promise<Recording> {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(folder))
    files.set(name, await readFile(path.join(folder, name)));
  return { presentation: readMpd(files.get('manifest.mpd')!.toString()), files };
}
