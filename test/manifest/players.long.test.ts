import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { DAY_US } from './day.ts';
import { playTwoPeriods } from './play-two-periods.ts';
import { type PlayerName, playRecording, playToTheEnd } from './player-page.ts';
import { recordTwoPeriods } from './two-periods.ts';

const PLAYERS: PlayerName[] = ['dash.js', 'shaka'];
/** Seconds that a picture is shown, which is as far as a time may be off. */
const FRAME = 1 / 30;
/** Between two times, but for the rounding of one picture. */
function isWithin(time: number, from: number, to: number): boolean {
  return time >= from - FRAME && time <= to;
}

t.test('two Periods of different size play through', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  // Audio that begins and ends within a packet of the video, as silence can always make it.
  const recording = await recordTwoPeriods(DAY_US, [
    { delayMs: 13, packets: 299 },
    { delayMs: -7, packets: 300 },
  ]);
  for (const player of PLAYERS) {
    t.test(player, async (t) => {
      const page = await playRecording(t, browser, player, recording);
      await playTwoPeriods(t, page, FRAME);
    });
  }
});

t.test('audio that begins a little before or after the video', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  // As far apart as the ways of the two tracks through the network may be: where their places are
  // not known yet when a Period begins, they move by that much. Otherwise silence is put there.
  for (const [first, second] of [
    [-150, 150],
    [150, -150],
  ] as const) {
    const recording = await recordTwoPeriods(DAY_US, [
      { delayMs: first, packets: 300 },
      { delayMs: second, packets: 300 },
    ]);
    for (const player of PLAYERS) {
      t.test(`${player}: ${first} ms, then ${second} ms`, async (t) => {
        const page = await playRecording(t, browser, player, recording);
        const { frames, errors, endedAt } = await playToTheEnd(page);
        t.same(errors, []);
        t.same([...new Set(frames.map(({ width }) => width))], [320, 640]);
        t.ok(frames[0]!.time <= 0.65, `begins at ${frames[0]!.time}`);
        // What only one track has is passed over: between the end of the first track of the first
        // Period, at 6 s, and the begin of the second track of the second.
        const change = frames.find(({ width }) => width === 640)!;
        t.ok(isWithin(change.time, 6, 6.8), `second Period shows from ${change.time}`);
        t.ok(frames.at(-1)!.time >= 11.5, `last shows ${frames.at(-1)!.time}`);
        t.ok(Math.abs(endedAt - 12.3) <= FRAME, `ends at ${endedAt}`);
      });
    }
  }
});
