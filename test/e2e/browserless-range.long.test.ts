import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { type PlayerName, PlayerPage } from '../chromium/player-page.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.setTimeout(200_000);

/** What each player is given; Shaka can read both. */
const RESOURCES: [PlayerName, string][] = [
  ['dash.js', 'manifest.mpd'],
  ['shaka', 'manifest.mpd'],
  ['hls.js', 'index.m3u8'],
];

t.test('a range without an end is played while it is recorded', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const { url } = await startRecorder(t);
  const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/site%2Fcam1` });
  t.teardown(() => publisher.stop().catch(() => undefined));
  publisher.start();
  await until('something is recorded', async () => {
    const reply = await fetch(`${url}/api/timeline?streams=site/cam1`);
    const { streams } = (await reply.json()) as { streams: { spans: object[] }[] };
    return streams[0]!.spans.length > 0;
  });
  // From before the recording began.
  const start = new Date(Date.now() - 60_000).toISOString();
  const context = await browser.newContext();
  const players = new Map<PlayerName, PlayerPage>();
  for (const [name, resource] of RESOURCES) {
    await t.test(name, async (t) => {
      const address = `${url}/api/playback/site/cam1/${resource}?start=${start}`;
      await until('it can be played', async () => (await fetch(address)).ok);
      const page = await PlayerPage.open(context, name, address);
      players.set(name, page);
      await page.until('live', ({ isLive, readyState }) => isLive && readyState >= 3);
      const { errors } = await page.untilAdvancedBy(4);
      t.same(errors, []);
      const { seekStart } = await page.status();
      const after = await page.seek(seekStart + 1);
      t.same(after.errors, []);
      if (name !== 'hls.js') await page.close();
    });
  }
  await publisher.stop();
  const page = players.get('hls.js')!;
  const { errors } = await page.until('the end', ({ isEnded }) => isEnded, 90_000);
  t.same(errors, []);
  const playlist = await fetch(`${url}/api/playback/site/cam1/video.m3u8?start=${start}`);
  const text = await playlist.text();
  t.match(text, /^#EXT-X-PLAYLIST-TYPE:VOD$/m);
  t.match(text, /\n#EXT-X-ENDLIST\n$/);
  const manifest = await fetch(`${url}/api/playback/site/cam1/manifest.mpd?start=${start}`);
  t.match(await manifest.text(), / type="static" /);
});
