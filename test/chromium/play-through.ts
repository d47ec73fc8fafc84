import type { BrowserContext } from 'playwright-core';
import type { Test } from 'tap';
import { type PlayerName, PlayerPage, type PlayerStatus } from './player-page.ts';

/** Where a recording is sought to, as parts of its length. */
const SOUGHT_PARTS = [0.7, 0.1, 0.5];

/**
 * Plays the finished recording of a test picture: five seconds from its start, from other places, and to
 * its end.
 * @param leastSeconds of the whole recording
 * @returns what was shown of the first five seconds
 */
export async function playThrough(
  t: Test,
  context: BrowserContext,
  name: PlayerName,
  mpdUrl: string,
  leastSeconds: number,
): Promise<PlayerStatus> {
  const player = await PlayerPage.open(context, name, mpdUrl);
  const begun = await player.untilAdvancedBy(5);
  t.equal(begun.isLive, false);
  t.ok(begun.width > 0 && begun.beeps.length > 0, `${name}: picture and sound`);
  const length = begun.seekEnd - begun.seekStart;
  t.ok(length >= leastSeconds, `${name}: ${length} s long`);
  for (const part of SOUGHT_PARTS) await player.seek(begun.seekStart + part * length);
  await player.page.evaluate(`player.seek(${begun.seekEnd - 3})`);
  const ended = await player.until('the end', ({ isEnded }) => isEnded);
  t.ok(ended.time > begun.seekEnd - 0.5, `${name}: ended at ${ended.time} of ${begun.seekEnd}`);
  t.strictSame(ended.errors, [], name);
  t.comment(`${name}: ${ended.stalls} stalls`);
  await player.close();
  return begun;
}

/** Looks at a running recording: at its live end, and a second after its beginning. */
export async function playLive(
  t: Test,
  context: BrowserContext,
  name: PlayerName,
  mpdUrl: string,
): Promise<void> {
  const player = await PlayerPage.open(context, name, mpdUrl);
  const begun = await player.untilAdvancedBy(3);
  t.equal(begun.isLive, true, name);
  t.strictSame([begun.width > 0, begun.height > 0], [true, true]);
  await player.seek(begun.seekStart + 1);
  const later = await player.untilAdvancedBy(2);
  t.ok(later.flashes.length > 0, `${name}: the picture is the one that was published`);
  t.strictSame(later.errors, [], name);
  t.comment(
    `${name}: ${later.stalls} stalls, ${Math.round(begun.seekEnd - begun.time)} s from the end`,
  );
  await player.close();
}
