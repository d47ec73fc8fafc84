import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { DAY_US } from './day.ts';
import { playTwoPeriods } from './play-two-periods.ts';
import { type PlayerName, playRecording } from './player-page.ts';
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
        await playTwoPeriods(t, page, FRAME);
      });
    }
  });
}
