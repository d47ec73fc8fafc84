import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { DAY_US } from './day.ts';
import { type PlayerName, playRecording, playToTheEnd, seek } from './player-page.ts';
import { recordVp8 } from './vp8-recording.ts';

const PLAYERS: PlayerName[] = ['dash.js', 'shaka'];
/** Seconds that a picture is shown, and what a timestamp of WebM is rounded by. */
const FRAME = 1 / 30 + 0.001;

for (const soundIn of ['mp4', 'webm'] as const) {
  t.test(`VP8 in WebM beside Opus in ${soundIn}`, async (t) => {
    const browser = await requireChromium(t);
    if (browser === undefined || !requireFfmpeg(t)) return;
    const recording = await recordVp8(t.testdir(), DAY_US, [
      { width: 320, height: 180, soundIn, atSeconds: 3600 },
      { width: 640, height: 360, soundIn, atSeconds: 3660.0071 },
    ]);
    for (const player of PLAYERS) {
      t.test(player, async (t) => {
        const page = await playRecording(t, browser, player, recording);
        const through = await playToTheEnd(page);
        t.same(through.errors, []);
        t.ok(through.frames[0]!.time <= 0.5, `begins at ${through.frames[0]!.time}`);
        t.ok(through.frames.at(-1)!.time >= 11.5, `last shows ${through.frames.at(-1)!.time}`);
        t.ok(through.endedAt >= 12 - FRAME, `ends at ${through.endedAt}`);
        t.same([...new Set(through.frames.map(({ width }) => width))], [320, 640]);
        const change = through.frames.find(({ width }) => width === 640)!;
        t.ok(change.time >= 6 - FRAME && change.time <= 6.5, `changes at ${change.time}`);
        t.same(
          through.seeks.filter((to) => to > 2 * FRAME && Math.abs(to - 6) > FRAME),
          [],
          'without a jump',
        );
        for (const [target, width] of [
          [10.5, 640],
          [5, 320],
          [7, 640],
        ] as const) {
          const shown = await seek(page, target);
          t.equal(shown.width, width);
          t.ok(Math.abs(shown.playhead - target) < 0.001, `playhead at ${shown.playhead}`);
          t.ok(Math.abs(shown.time - target) <= FRAME + 0.01, `picture of ${shown.time}`);
        }
      });
    }
  });
}
