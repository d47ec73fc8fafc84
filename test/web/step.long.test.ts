import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { testApp } from '../http/test-app.ts';
import { requireFfmpeg } from '../media/tool.ts';
import {
  CLOCK_RATE,
  encodeClockPictures,
  type ShownPicture,
  shownPictures,
} from './clock-pictures.ts';
import { recordStream } from './recorded-week.ts';
import { WatchPage } from './watch-page.ts';

/**
 * How long four streams are watched once they are in step, s: `STEP_SECONDS=300` for the whole of what is
 * promised, on a machine that does nothing else. Beside other tests a browser leaves pictures out, and how
 * far the others are apart tells of the machine, not of the page.
 */
const SECONDS = Number(process.env.STEP_SECONDS ?? 0);
const IS_LONG = SECONDS > 0;
/** So long they may take until they are in step, s. */
const SETTLED_SECONDS = 10;
const MOST_APART_MS = 100;

/** What each began with so many ms later, whose clock is too fast by so many ppm, in which codec. */
const STREAMS = [
  { stream: 'cam1', laterMs: 0, driftPpm: 0, codec: 'h264' },
  { stream: 'cam2', laterMs: 370, driftPpm: 450, codec: 'h264' },
  { stream: 'cam3', laterMs: 1130, driftPpm: -300, codec: 'h264' },
  { stream: 'cam4', laterMs: 2710, driftPpm: 0, codec: 'vp8' },
] as const;

t.setTimeout((SECONDS * 2 + 200) * 1000);

t.test('four streams of clocks of their own stay in step', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined || !requireFfmpeg(t)) return;
  const app = await testApp(t);
  const folder = t.testdir();
  const seconds = SECONDS + 2 * SETTLED_SECONDS + 10;
  const pictures = {
    h264: await encodeClockPictures(folder, 'h264', seconds * CLOCK_RATE),
    vp8: await encodeClockPictures(folder, 'vp8', seconds * CLOCK_RATE),
  };
  const startMs = Date.UTC(2026, 10, 20, 12);
  for (const { stream, laterMs, driftPpm, codec } of STREAMS) {
    const startUs = (startMs + laterMs) * 1000;
    const options = { startUs, driftPpm, frames: pictures[codec] };
    await recordStream(t, app, stream, options, (publisher) => publisher.run(seconds - 3));
  }
  const origin = await app.app.listen({ host: '127.0.0.1', port: 0 });
  const names = STREAMS.map(({ stream }) => stream).join(',');
  const moment = new Date(startMs + 4000).toISOString();
  const watch = await WatchPage.open(browser, `${origin}/?streams=${names}&t=${moment}`);

  /** How far the pictures are apart that are shown at a time, by the numbers in them, ms. */
  const apart = ({ numbers }: ShownPicture): number => {
    const taken = numbers.map(
      (number, tile) => STREAMS[tile]!.laterMs + (number * 1000) / CLOCK_RATE,
    );
    return Math.max(...taken) - Math.min(...taken);
  };
  const watchFor = async (seconds: number) =>
    (await watch.page.evaluate<ShownPicture[]>(shownPictures(seconds))).map(apart);

  await watch.until('four pictures', async () =>
    (await watch.tiles()).every(({ state, isPaused }) => state === 'media' && !isPaused),
  );
  await watch.until('all in step', async () => Math.max(...(await watchFor(1))) < MOST_APART_MS);
  t.pass('they came into step');
  if (IS_LONG) {
    const distances = (await watchFor(SECONDS)).toSorted((a, b) => a - b);
    const most = distances.at(-1)!;
    const share = (part: number) => distances[Math.floor(distances.length * part)]!.toFixed(0);
    t.comment(`median ${share(0.5)} ms apart, 99 % within ${share(0.99)} ms`);
    t.ok(
      most < MOST_APART_MS,
      `${most.toFixed(0)} ms apart at most in ${distances.length} pictures`,
    );
  }
  t.strictSame(watch.faults, []);
  await watch.page.context().close();
});
