import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { probeSegment } from '../media/probe.ts';
import { recordedApp } from '../playback/recorded-app.ts';

const MODULE = new URL('../../web/src/model/wall-clock.ts', import.meta.url);

t.test('what a range manifest tells of the time of day is what the index says', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const { app, publisher, root } = await recordedApp(
    t,
    async (publisher) => {
      await publisher.run(40);
      await publisher.run(30, () => true);
      await publisher.run(10);
    },
    { driftPpm: 450 },
  );
  const manifest = (await app.inject('/api/playback/cam1/manifest.mpd?start=0')).body;
  // When each keyframe is shown in the presentation, by what is in the files, and when it happened.
  const keyframes: { time: number; us: number }[] = [];
  let before = 0;
  let first: number | undefined;
  let last = 0;
  for (const [at, row] of publisher.of('video').entries()) {
    const { pts, keyframePts, streams } = await probeSegment(
      path.join(root, row.initPath),
      path.join(root, row.path),
    );
    const seconds = pts.map((time) => time / streams[0]!.timescale);
    // Periods of a static manifest follow each other without the pause between them.
    if (first === undefined || seconds[0]! - last > 5) {
      if (first !== undefined) before += last + 1 / 30 - first;
      first = seconds[0]!;
    }
    last = seconds.at(-1)!;
    keyframes.push(
      ...keyframePts.map((time, index) => ({
        time: before + time / streams[0]!.timescale - first!,
        us: publisher.of('video')[at]!.keyframes[index]!,
      })),
    );
  }
  t.ok(keyframes.length > 20);

  const page = await browser.newPage();
  t.teardown(() => page.close());
  const source = stripTypeScriptTypes(await readFile(MODULE, 'utf8'));
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const found = (await page.evaluate(
    `import(${JSON.stringify(url)}).then(({ WallClock }) => {
      const clock = new WallClock();
      clock.read(${JSON.stringify(manifest)});
      const times = ${JSON.stringify(keyframes)};
      return {
        at: times.map(({ time }) => clock.at(time)),
        back: times.map(({ time }) => clock.timeOf(clock.at(time))),
        pause: clock.timeOf(${publisher.of('video')[0]!.startUs / 1000 + 55_000}),
        isLive: clock.isLive,
      };
    })`,
  )) as { at: number[]; back: number[]; pause: number; isLive: boolean };
  const worst = Math.max(...found.at.map((ms, at) => Math.abs(ms - keyframes[at]!.us / 1000)));
  t.ok(worst <= 15, `off by ${worst} ms at most`);
  const back = Math.max(...found.back.map((time, at) => Math.abs(time - keyframes[at]!.time)));
  t.ok(back < 0.001, `and back, off by ${back} s`);
  t.ok(Math.abs(found.pause - before) < 0.1, 'a moment of the pause is what comes after it');
  t.equal(found.isLive, false);
});
