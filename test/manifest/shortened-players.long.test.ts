import t from 'tap';
import { removeSegments } from '../../src/manifest/without-segments.ts';
import { requireChromium } from '../chromium/launch.ts';
import { DAY_US } from './day.ts';
import { playRecording, playToTheEnd } from './player-page.ts';
import { recordTwoPeriods } from './two-periods.ts';

/** Seconds that a picture is shown, which is as far as a time may be off. */
const FRAME = 1 / 30;

t.test('what is left of a Period plays from its first picture on', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  // The sound that is left reaches 0.3 s further back than the picture, and ends so much earlier.
  const recording = await recordTwoPeriods(DAY_US, [
    { delayMs: -300, packets: 300 },
    { delayMs: 0, packets: 300 },
  ]);
  removeSegments(recording.presentation, (_, number) => number === 1, {
    isGrowing: false,
    nextId: () => 'none',
  });
  t.ok(recording.presentation.periods[0]!.startsAt, 'players have to leave some of it out');
  for (const player of ['dash.js', 'shaka'] as const) {
    t.test(player, async (t) => {
      const page = await playRecording(t, browser, player, recording);
      const { frames, errors, endedAt, seeks } = await playToTheEnd(page);
      t.same(errors, []);
      t.same([...new Set(frames.map(({ width }) => width))], [320, 640]);
      t.ok(frames[0]!.time <= 0.5, `begins at ${frames[0]!.time}`);
      const change = frames.find(({ width }) => width === 640)!;
      t.ok(change.time >= 4 - FRAME && change.time <= 4.6, `goes on at ${change.time}`);
      t.ok(Math.abs(endedAt - 10) <= 0.1, `ends at ${endedAt}`);
      t.same(
        seeks.filter((to) => to > 2 * FRAME && Math.abs(to - 4) > 0.31),
        [],
        'without a jump, but where the sound ends',
      );
    });
  }
});
