import { join } from 'node:path';
import t from 'tap';
import { ConsolePage } from '../chromium/console-page.ts';
import { requireChromium } from '../chromium/launch.ts';
import { PLAYER_NAMES, PlayerPage } from '../chromium/player-page.ts';
import { picturesOf, recordStatus, untilStatus } from '../chromium/recorder-replies.ts';
import { probeSegment } from '../media/probe.ts';
import { type MpdAdaptationSet, readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { getJson, type SegmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const STREAM = 'cam1';

t.setTimeout(200_000);

t.test('a publisher that switches resolution plays through', async (t) => {
  t.setTimeout(190_000);
  const browser = await requireChromium(t);
  if (browser === undefined || !requireFfmpeg(t)) return;
  const recorder = await startRecorder(t, { segmentSeconds: 2 });
  const context = await browser.newContext();
  await context.addInitScript(`{
    const { RTCPeerConnection } = globalThis;
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...settings) {
        super(...settings);
        globalThis.sender = () => this.getSenders().find(({ track }) => track.kind === 'video');
      }
    };
  }`);
  const publisher = await ConsolePage.open(context, recorder.url);
  await publisher.publish({ stream: STREAM, size: '640x360' });
  const scaleDownBy = (factor: number) => () =>
    publisher.page.evaluate(`(async () => {
      const parameters = sender().getParameters();
      parameters.encodings[0].scaleResolutionDownBy = ${factor};
      await sender().setParameters(parameters);
    })()`);
  const otherTrack = () =>
    publisher.page.evaluate(`(async () => {
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 480, height: 480 });
      const context = canvas.getContext('2d');
      setInterval(() => {
        context.fillStyle = 'hsl(' + (performance.now() / 10) % 360 + ' 80% 50%)';
        context.fillRect(0, 0, 480, 480);
      }, 33);
      await sender().replaceTrack(canvas.captureStream().getVideoTracks()[0]);
    })()`);
  const sizes: string[] = [];
  const pictures = async () => picturesOf(await recordStatus(recorder.url, STREAM));
  for (const change of [() => {}, scaleDownBy(2), scaleDownBy(1), otherTrack]) {
    await change();
    const before = await pictures();
    await untilStatus(recorder.url, STREAM, 'more pictures', (s) => picturesOf(s) > before + 120);
  }
  await publisher.stopPublishing();

  const url = `${recorder.url}/api/record/object/${STREAM}`;
  const { segments } = await getJson<SegmentPage>(`${recorder.url}/api/record/segments?limit=1000`);
  const folder = segments[0]!.path.split('/').slice(1, -1).join('/');
  const manifest = async () => (await fetch(`${url}/${folder}/manifest.mpd`)).text();
  await until('a static manifest', async () => readMpd(await manifest()).type === 'static');
  const all = await getJson<SegmentPage>(`${recorder.url}/api/record/segments?limit=1000`);

  const { periods } = readMpd(await manifest());
  const local = (name: string) => join(recorder.root, STREAM, folder, name);
  for (const { adaptationSets } of periods) {
    const video = adaptationSets.find(({ contentType }) => contentType === 'video');
    if (video === undefined) continue;
    sizes.push(`${video.width}x${video.height}`);
    await checkSize(video);
  }
  t.comment(`Periods: ${sizes.join(', ')}`);
  for (const size of ['640x360', '320x180', '480x480']) t.ok(sizes.includes(size), size);

  async function checkSize({ initialization, segments, width, height }: MpdAdaptationSet) {
    for (const { file } of segments) {
      const { errors, streams, keyframePts, pts } = await probeSegment(
        local(initialization),
        local(file),
      );
      t.strictSame(errors, [], file);
      t.match(streams[0], { width, height }, 'pictures have the size that the manifest says');
      t.equal(keyframePts[0], pts[0], 'begins with a keyframe');
    }
  }

  t.test('no time is missing between the sizes', async (t) => {
    for (const kind of ['video', 'audio']) {
      const track = all.segments.filter((segment) => segment.kind === kind);
      for (const [i, { start_ts, path }] of track.entries()) {
        if (i > 0) t.equal(start_ts, track[i - 1]!.end_ts, path);
      }
    }
  });

  t.test('both players show each size, to the end', async (t) => {
    await Promise.all(
      PLAYER_NAMES.map(async (name) => {
        const player = await PlayerPage.open(context, name, `${url}/${folder}/manifest.mpd`);
        const seen = new Set<string>();
        const ended = await player.until(
          'the end',
          ({ isEnded, width, height }) => {
            seen.add(`${width}x${height}`);
            return isEnded;
          },
          90_000,
        );
        t.strictSame(ended.errors, [], name);
        for (const size of sizes) t.ok(seen.has(size), `${name} shows ${size}`);
        t.ok(
          ended.time > ended.seekEnd - 0.5,
          `${name} ended at ${ended.time} of ${ended.seekEnd}`,
        );
        t.comment(`${name}: ${ended.stalls} stalls`);
      }),
    );
  });
});
