import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { requireChromium } from '../chromium/launch.ts';
import { PLAYER_NAMES, PlayerPage } from '../chromium/player-page.ts';
import { recordStatus } from '../chromium/recorder-replies.ts';
import { withJoinedFile } from '../media/joined-file.ts';
import { requireFfmpeg, runTool } from '../media/tool.ts';
import { type DayFolder, readDayFolder } from '../server/day-folder.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.setTimeout(300_000);

/** Sound that is sent, packets. */
const PACKETS = 200;

/** What a page is to publish, see `chromium-sound-page.js`. */
interface Sound {
  codec?: string;
  channels?: number;
  offerEdits?: [string, string][];
  answerEdits?: [string, string][];
}

/** What Chromium has for surround sound and tells nobody of. */
const SURROUND: Sound = {
  channels: 6,
  offerEdits: [
    ['opus/48000/2', 'multiopus/48000/6'],
    [
      'a=fmtp:111 .*',
      'a=fmtp:111 channel_mapping=0,4,1,2,3,5;coupled_streams=2;minptime=10;num_streams=4;useinbandfec=1',
    ],
  ],
};

async function publish(browser: Browser, url: string, stream: string, sound: Sound): Promise<Page> {
  const page = await browser.newPage({ bypassCSP: true });
  await page.goto(`${url}/`);
  await page.addScriptTag({ path: join(import.meta.dirname, 'chromium-sound-page.js') });
  await page.evaluate(`soundPublisher.publish(${JSON.stringify({ stream, ...sound })})`);
  return page;
}

const soundOf = async (url: string, stream: string) =>
  (await recordStatus(url, stream)).tracks.find(({ kind }) => kind === 'audio');

const untilSent = (url: string, stream: string, packets: number) =>
  until(`${packets} packets of sound`, async () => {
    return ((await soundOf(url, stream))?.packets_received ?? 0) >= packets;
  });

/** Ends a recording and reads what it is, which holds together by itself. */
async function recorded(t: Test, { url, root }: RecorderProcess, stream: string) {
  await fetch(`${url}/api/record/${stream}`, { method: 'DELETE' });
  const folder = await until('the end', async () => {
    const read = await readDayFolder(root, stream);
    return read.mpd.type === 'static' ? read : undefined;
  });
  const { findings } = await verifyRecording(folder.path, { decode: true });
  // Places that became final late may leave one track a little longer; nothing is damaged by that.
  t.same(
    findings.filter(({ damage }) => damage),
    [],
  );
  return folder;
}

/** The strongest of the tones that the page makes, of one channel in its last second, Hz. */
async function toneOf({ periods }: DayFolder, channel: number): Promise<number> {
  const { init, segments } = periods.at(-1)!.audio!;
  const { stdout } = await withJoinedFile([init, ...segments], (path) =>
    runTool('ffmpeg', [
      ...['-v', 'error', '-i', path, '-af', `pan=mono|c0=c${channel}`],
      ...['-ar', '8000', '-f', 's16le', '-'],
    ]),
  );
  const strength = (hertz: number) => {
    let [real, imaginary] = [0, 0];
    for (let i = 0; i < 8000; i++) {
      const sample = stdout.readInt16LE(stdout.length - 20_000 + 2 * i);
      real += sample * Math.cos((2 * Math.PI * hertz * i) / 8000);
      imaginary += sample * Math.sin((2 * Math.PI * hertz * i) / 8000);
    }
    return Math.hypot(real, imaginary);
  };
  const tones = [300, 500, 700, 900, 1100, 1300];
  return tones.reduce((best, hertz) => (strength(hertz) > strength(best) ? hertz : best));
}

t.test('sound of Chromium that is not plain Opus', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined || !requireFfmpeg(t)) return;
  const recorder = await startRecorder(t, { segmentSeconds: 2 });
  const { url } = recorder;

  for (const codec of ['PCMU', 'PCMA']) {
    await t.test(`${codec} is recorded and plays`, async (t) => {
      const page = await publish(browser, url, codec, { codec: `audio/${codec}` });
      await untilSent(url, codec, PACKETS);
      const status = await soundOf(url, codec);
      t.match(status, { codec: 'flac', packets_lost: 0, concealed_ms: 0 });
      const folder = await recorded(t, recorder, codec);
      await page.close();
      t.match(folder.periods.at(-1)!.audio!.described, { codecs: 'flac', timescale: 8000 });
      t.equal(await toneOf(folder, 0), 300);
      const context = await browser.newContext();
      const mpd = folder.path.slice(recorder.root.length + 1);
      for (const name of codec === 'PCMA' ? PLAYER_NAMES : []) {
        const mpdUrl = `${url}/api/record/object/${mpd}/manifest.mpd`;
        const player = await PlayerPage.open(context, name, mpdUrl);
        const begun = await player.untilAdvancedBy(1);
        const seeked = await player.seek(begun.seekStart + 2);
        t.same(seeked.errors, [], name);
        await player.close();
      }
      await context.close();
    });
  }

  await t.test('Opus comes with redundancy', async (t) => {
    const page = await publish(browser, url, 'redundant', {});
    await untilSent(url, 'redundant', PACKETS);
    const status = (await soundOf(url, 'redundant'))!;
    t.match(status, { codec: 'opus', packets_lost: 0, packets_dropped: 0, concealed_ms: 0 });
    const folder = await recorded(t, recorder, 'redundant');
    await page.close();
    t.equal(await toneOf(folder, 0), 300);
    const { init, segments } = folder.periods.at(-1)!.audio!;
    const { stdout } = await withJoinedFile([init, ...segments], (path) =>
      runTool('ffprobe', ['-v', 'error', '-show_entries', 'packet=size', '-of', 'csv=p=0', path]),
    );
    const sizes = stdout.toString().trim().split('\n').map(Number.parseFloat);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const share = bytes / sizes.length / (status.bytes / status.packets_received);
    t.ok(share < 0.6, `each packet is recorded once: ${share.toFixed(2)} of what came`);
  });

  await t.test('what Opus leaves out is silence and no loss', async (t) => {
    const page = await publish(browser, url, 'discontinuous', {
      answerEdits: [['useinbandfec=1', 'useinbandfec=1;usedtx=1']],
    });
    await untilSent(url, 'discontinuous', PACKETS / 2);
    await page.evaluate('soundPublisher.setVolume(0)');
    const before = (await soundOf(url, 'discontinuous'))!.packets_received;
    await delay(3000);
    const sent = (await soundOf(url, 'discontinuous'))!.packets_received - before;
    t.ok(sent < 100, `${sent} packets in a silence of three seconds`);
    await page.evaluate('soundPublisher.setVolume(0.3)');
    await untilSent(url, 'discontinuous', before + sent + PACKETS / 2);
    t.match(await soundOf(url, 'discontinuous'), { packets_lost: 0, concealed_ms: 0 });
    const { dropped_units: dropped } = await recordStatus(url, 'discontinuous');
    t.match(dropped, { late: 0, disordered: 0 });
    const folder = await recorded(t, recorder, 'discontinuous');
    await page.close();
    t.equal(folder.periods.length, 1, 'one Period');
    const { video, audio } = folder.periods[0]!;
    const secondsOf = ({ described: { segments, timescale } }: NonNullable<typeof video>) =>
      segments.reduce((sum, { duration }) => sum + duration, 0) / timescale;
    t.ok(Math.abs(secondsOf(video!) - secondsOf(audio!)) < 0.1, 'as long as the picture');
  });

  await t.test('six channels', async (t) => {
    const page = await publish(browser, url, 'surround', SURROUND);
    await untilSent(url, 'surround', PACKETS);
    t.match(await soundOf(url, 'surround'), { codec: 'opus', packets_lost: 0 });
    const folder = await recorded(t, recorder, 'surround');
    await page.close();
    t.match(folder.periods.at(-1)!.audio!.described, { codecs: 'opus' });
    const tones = [];
    for (let channel = 0; channel < 6; channel++) tones.push(await toneOf(folder, channel));
    // As FFmpeg has 5.1: left, right, centre, low frequencies, surround; Vorbis has the centre second
    // and low frequencies last, and Chromium counts as it pleases.
    t.same(tones, [300, 700, 500, 1300, 900, 1100]);
  });
  t.equal(await recorder.stop(), 0);
});
