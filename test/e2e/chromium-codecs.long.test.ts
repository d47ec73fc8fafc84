import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { ConsolePage } from '../chromium/console-page.ts';
import { requireChromium } from '../chromium/launch.ts';
import { playLive, playThrough } from '../chromium/play-through.ts';
import { PLAYER_NAMES } from '../chromium/player-page.ts';
import { picturesAtRest, type RecordStatus, recordStatus } from '../chromium/recorder-replies.ts';
import { expectedCodecString } from '../media/codec-string.ts';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { indexedTracks } from '../server/indexed-tracks.ts';
import { objectAddress } from '../server/play.ts';
import { segmentPage } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** What each codec is published as, and how ffprobe calls it. */
const CODECS = { h264: 'h264', vp8: 'vp8', vp9: 'vp9', av1: 'av1' } as const;
const PUBLISH_MS = 20_000;

t.setTimeout(300_000);

t.test(
  'Chromium publishes in each codec that it sends; all of it is recorded and plays',
  async (t) => {
    t.setTimeout(290_000);
    const browser = await requireChromium(t);
    if (browser === undefined || !requireFfmpeg(t)) return;
    const recorder = await startRecorder(t, { segmentSeconds: 4, autoStreams: [] });
    const context = await browser.newContext();
    // A window each: of pages behind one another only the front one shows its pictures.
    const viewers = await Promise.all(
      PLAYER_NAMES.map(async (name) => [name, await browser.newContext()] as const),
    );
    const consoles = new Map<string, ConsolePage>();
    for (const codec of Object.keys(CODECS)) {
      const console = await ConsolePage.open(context, recorder.url);
      await console.publish({ stream: codec, codec, size: '640x360' });
      consoles.set(codec, console);
    }
    const end = delay(PUBLISH_MS);
    // The manifest is there with its first segment.
    await segmentPage(recorder.url, { stream: 'vp8', kind: 'video', wait: 60 });
    const { mpd_path: runningPath } = await recordStatus(recorder.url, 'vp8');
    await t.test('WebM beside MP4 plays while it is recorded', async (t) => {
      const mpdUrl = objectAddress(recorder.url, runningPath!);
      await Promise.all(viewers.map(([name, window]) => playLive(t, window, name, mpdUrl)));
    });
    await end;

    const statuses = new Map<string, RecordStatus>();
    await Promise.all([...consoles.values()].map((console) => console.freezePicture()));
    for (const [codec, console] of consoles) {
      await picturesAtRest(recorder.url, codec);
      statuses.set(codec, await recordStatus(recorder.url, codec));
      await console.stopPublishing();
    }
    for (const [codec, status] of statuses) {
      await t.test(codec, async (t) => {
        await until('the end of the record', async () => {
          const { mpd } = await readDayFolder(recorder.root, codec);
          return mpd.type === 'static';
        });
        await checkRecording(t, recorder, codec as keyof typeof CODECS, status);
        const mpdUrl = objectAddress(recorder.url, status.mpd_path!);
        await Promise.all(
          viewers.map(([name, window]) => playThrough(t, window, name, mpdUrl, PUBLISH_MS / 1000)),
        );
      });
    }
    t.equal(await recorder.stop(), 0);
  },
);

/** Every picture that was received is decoded, and index, manifest, state and ffprobe say the same. */
async function checkRecording(
  t: Test,
  { url, root }: RecorderProcess,
  codec: keyof typeof CODECS,
  status: RecordStatus,
): Promise<void> {
  const state = status.tracks.find(({ kind }) => kind === 'video')!;
  for (const track of status.tracks) t.equal(track.packets_lost, 0, `no ${track.kind} was lost`);
  const { mpd } = await readDayFolder(root, codec);
  const sets = mpd.periods.flatMap(({ adaptationSets }) => adaptationSets);
  let decoded = 0;
  let last: { codec: string; width: number; height: number } | undefined;
  for (const { kind, files, rows } of await indexedTracks(url, root, codec)) {
    const { errors, streams, packetCount, frameCount } = await probeSegments(files);
    t.strictSame(errors, [], `${kind}: ffmpeg has nothing to say`);
    t.equal(frameCount, packetCount, `${kind}: every sample is decoded`);
    const codecs = [...new Set(rows.map((row) => row.codec))];
    const name = rows[0]!.init_path.split('/').at(-1);
    const set = sets.find(({ initialization }) => initialization === name);
    t.strictSame(codecs, [set?.codecs], `${kind}: index and manifest agree`);
    t.match(codecs[0], expectedCodecString(streams[0]!));
    t.equal(streams.length, 1);
    if (kind === 'audio') continue;
    decoded += frameCount;
    const { codecName, width, height } = streams[0]!;
    t.equal(codecName, CODECS[codec]);
    t.match(set, { width, height, mimeType: codec === 'vp8' ? 'video/webm' : 'video/mp4' });
    last = { codec: codecs[0]!, width: width!, height: height! };
  }
  t.match(state, last, 'and so does the state');
  t.equal(decoded, state.access_units, 'every picture that was received is there');
  t.strictSame(Object.values(status.dropped_units ?? {}).filter(Boolean), []);
}
