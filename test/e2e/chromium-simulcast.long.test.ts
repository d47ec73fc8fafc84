import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const STREAM = 'cam1';

t.test('of three encodings of Chromium the largest is recorded', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined || !requireFfmpeg(t)) return;
  const { url, root } = await startRecorder(t, { segmentSeconds: 2 });
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  const answer = await page.evaluate<string>(`(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
    const context = canvas.getContext('2d');
    setInterval(() => {
      context.fillStyle = 'hsl(' + (performance.now() / 10) % 360 + ' 80% 50%)';
      context.fillRect(0, 0, 1280, 720);
    }, 66);
    const connection = new RTCPeerConnection();
    const video = connection.addTransceiver(canvas.captureStream(15).getVideoTracks()[0], {
      direction: 'sendonly',
      // The smallest first, as the examples of WebRTC have them.
      sendEncodings: [
        { rid: 'q', scaleResolutionDownBy: 4 },
        { rid: 'h', scaleResolutionDownBy: 2 },
        { rid: 'f' },
      ],
    });
    const { codecs } = RTCRtpSender.getCapabilities('video');
    video.setCodecPreferences(codecs.filter(({ mimeType }) => /h264|rtx/i.test(mimeType)));
    await connection.setLocalDescription();
    const response = await fetch('/whip/${STREAM}', {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: connection.localDescription.sdp,
    });
    const sdp = await response.text();
    await connection.setRemoteDescription({ type: 'answer', sdp });
    globalThis.end = () => fetch(new URL(response.headers.get('location'), response.url), { method: 'DELETE' });
    return sdp;
  })()`);
  t.match(answer, /^a=rid:q recv\r$/m);
  t.match(answer, /^a=simulcast:recv q;h;f\r$/m);
  const video = async () => (await recordStatus(url, STREAM)).tracks[0];
  await until('the largest', async () => (await video())?.layer?.width === 1280, 30_000);
  t.match((await video())!.layer, { rid: 'f', width: 1280, height: 720, of: 3 });
  const { access_units: before } = (await video())!;
  await until('some seconds of it', async () => (await video())!.access_units > before + 60);
  await page.evaluate('end()');

  const { periods } = await readDayFolder(root, STREAM);
  const last = periods.at(-1)!.video!;
  const { streams, errors } = await probeSegments([last.init, ...last.segments]);
  t.match(streams[0], { width: 1280, height: 720 });
  t.same(errors, []);
  for (const period of periods) {
    const { segments, timescale } = period.video!.described;
    const seconds = segments.reduce((sum, { duration }) => sum + duration, 0) / timescale;
    t.ok(seconds >= 1, `${seconds} s: players stick at a short Period`);
  }
});
