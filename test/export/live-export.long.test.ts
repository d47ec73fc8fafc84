import t from 'tap';
import { requireFfmpeg } from '../media/tool.ts';
import { recordedApp } from '../playback/recorded-app.ts';
import { download, open } from './exported.ts';

const HOUR_US = 3_600e6;

t.test('an export of what is still recorded ends with its last complete segment', async (t) => {
  if (!requireFfmpeg(t)) return;
  t.testdir({});
  // Within the hour before this one, and so within one day.
  const startUs = (Math.floor(Date.now() / 3_600_000) - 1) * HOUR_US;
  const recorded = await recordedApp(t, (publisher) => publisher.run(7), {
    ...{ startUs, goesOn: true },
  });
  const { publisher } = recorded;
  // An end that is yet to come is no gap that could be kept.
  const query = { start: startUs + 1_000_000, end: (Date.now() + 3_600_000) * 1000 };
  const lengths: number[] = [];
  const tags = new Set<unknown>();
  for (let round = 0; round < 2; round++) {
    for (const gaps of ['cut', 'keep'] as const) {
      const { path, headers } = await download(t, recorded, 'export.mp4', { ...query, gaps });
      const { duration, pictures } = await open(path);
      // The manifest of what is being recorded may be one segment behind.
      const endUs = query.start + duration * 1e6;
      const last = publisher.of('video').findIndex((each) => Math.abs(each.endUs - endUs) < 50_000);
      t.ok(last >= publisher.of('video').length - 2, `${gaps}: ${duration} s, segment ${last}`);
      const shown = pictures.filter(({ time }) => time >= 0).length;
      t.ok(Math.abs(shown - duration * 30) < 4, `${shown} pictures`);
      if (gaps === 'keep') continue;
      lengths.push(duration);
      tags.add(headers.etag);
    }
    await publisher.run(3);
    await recorded.list();
  }
  t.ok(lengths[1]! > lengths[0]! + 3, `${lengths} s: it grows`);
  t.equal(tags.size, 2, 'each is another file');
});
