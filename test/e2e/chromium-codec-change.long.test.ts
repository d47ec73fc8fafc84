import t from 'tap';
import { ConsolePage } from '../chromium/console-page.ts';
import { requireChromium } from '../chromium/launch.ts';
import { PLAYER_NAMES, PlayerPage } from '../chromium/player-page.ts';
import { picturesOf, untilStatus } from '../chromium/recorder-replies.ts';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { objectAddress } from '../server/play.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const STREAM = 'cam1';
/** What the publisher comes back with, one after the other; of different containers. */
const CODECS = ['h264', 'vp8', 'av1', 'vp8'];
const PICTURES = 90;

t.setTimeout(200_000);

t.test(
  'a publisher that comes back with another codec plays through, MP4 beside WebM',
  async (t) => {
    t.setTimeout(190_000);
    const browser = await requireChromium(t);
    if (browser === undefined || !requireFfmpeg(t)) return;
    const recorder = await startRecorder(t, { segmentSeconds: 2 });
    const context = await browser.newContext();
    const publisher = await ConsolePage.open(context, recorder.url);
    let mpdPath = '';
    let session: string | undefined;
    for (const codec of CODECS) {
      await publisher.publish({ stream: STREAM, codec, size: '640x360', record: false });
      const status = await untilStatus(
        recorder.url,
        STREAM,
        `pictures of ${codec}`,
        (one) =>
          one.session_id !== session && picturesOf(one) > PICTURES && one.mpd_path !== undefined,
      );
      session = status.session_id;
      mpdPath = status.mpd_path!;
      await publisher.stopPublishing();
    }
    const folder = await until('the end of the record', async () => {
      const day = await readDayFolder(recorder.root, STREAM);
      return day.mpd.type === 'static' && day;
    });
    t.equal(folder.mpd.profiles, 'urn:mpeg:dash:profile:full:2011');
    const recorded: string[] = [];
    /** Where each Period with pictures begins, seconds of the presentation. */
    const starts: number[] = [];
    for (const [i, { video }] of folder.periods.entries()) {
      if (video === undefined) continue;
      const { errors, streams, frameCount, packetCount } = await probeSegments([
        video.init,
        ...video.segments,
      ]);
      t.strictSame(errors, []);
      t.equal(frameCount, packetCount);
      t.equal(
        video.described.mimeType,
        `video/${streams[0]!.codecName === 'vp8' ? 'webm' : 'mp4'}`,
      );
      recorded.push(streams[0]!.codecName);
      starts.push(folder.mpd.periods[i]!.start!);
    }
    t.strictSame(recorded, CODECS);

    for (const name of PLAYER_NAMES) {
      await t.test(name, async (t) => {
        const player = await PlayerPage.open(context, name, objectAddress(recorder.url, mpdPath));
        const ended = await player.until('the end', ({ isEnded }) => isEnded, 90_000);
        t.strictSame(ended.errors, []);
        t.ok(ended.time > ended.seekEnd - 0.5, `ended at ${ended.time} of ${ended.seekEnd}`);
        for (const start of starts) {
          const flashes = ended.flashes.filter((time) => time >= start && time < start + 3);
          t.ok(flashes.length > 0, `a flash in the Period that begins at ${start} s`);
        }
        // Not from VP8 to VP8: dash.js, which has loaded what comes between, then gives its buffer the wrong
        // type, unless `reuseExistingSourceBuffers` is off.
        for (const start of [starts[2]!, starts[1]!, starts[0]!, starts[3]!]) {
          await player.seek(start + 0.5);
        }
        t.strictSame((await player.status()).errors, []);
        t.comment(`${name}: ${ended.stalls} stalls`);
        await player.close();
      });
    }
    t.equal(await recorder.stop(), 0);
  },
);
