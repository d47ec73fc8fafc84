import type { Page } from 'playwright-core';
import type { Test } from 'tap';
import { playToTheEnd, seek } from './player-page.ts';

/**
 * Plays a recording of two Periods of six seconds, 320 and 640 pixels wide, to its end and then seeks in
 * both: without an error and without a jump.
 * @param frame how long a picture is shown, seconds, which is as far as a time may be off
 */
export async function playTwoPeriods(t: Test, page: Page, frame: number): Promise<void> {
  const through = await playToTheEnd(page);
  t.same(through.errors, []);
  // A busy machine drops pictures, so which one is the first is left open by half a second.
  t.ok(through.frames[0]!.time <= 0.5, `begins at ${through.frames[0]!.time}`);
  t.ok(through.frames.at(-1)!.time >= 11.5, `last shows ${through.frames.at(-1)!.time}`);
  t.ok(through.endedAt >= 12 - frame, `ends at ${through.endedAt}`);
  t.same([...new Set(through.frames.map(({ width }) => width))], [320, 640]);
  const { time } = through.frames.find(({ width }) => width === 640)!;
  t.ok(time >= 6 - frame && time <= 6.5, `second Period shows from ${time}`);
  // A player that finds a hole moves the playhead over it.
  t.same(
    through.seeks.filter((to) => to > 2 * frame && Math.abs(to - 6) > frame),
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
    t.ok(Math.abs(shown.time - target) <= frame + 0.01, `picture of ${shown.time}`);
  }
}
