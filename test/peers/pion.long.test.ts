import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { avOffsets } from '../media/av-offset.ts';
import { decodeBeeps } from '../media/beeps.ts';
import { decodePictures, flashTimes } from '../media/flashes.ts';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { relayWhip } from '../network/relayed-whip.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { publishWithPion } from './pion-program.ts';

const SECONDS = 25;
const PICTURES = SECONDS * 30;
const LIP_SYNC_MS = 20;

t.test('pion: every picture, and sound in its place', async (t) => {
  if (!requireFfmpeg(t)) return;
  const { url, root } = await startRecorder(t);
  const publisher = publishWithPion(t, `${url}/whip/pion`, SECONDS);
  if (publisher === undefined) return;
  const { video, audio } = await publisher.sent;
  t.equal(video.samples, PICTURES);
  t.equal(audio.samples, SECONDS * 50);
  t.ok(video.twcc > 0, 'it hears how its packets arrive');
  await checkRecording(t, root, 'pion');
});

t.test('pion behind a network that loses', async (t) => {
  if (!requireFfmpeg(t)) return;
  const { url, root } = await startRecorder(t);
  const network = { loss: 0.05, bursts: { everyMs: 8000, lengthMs: 2000 } };
  const behind = await relayWhip(t, url, network, 1);
  const publisher = publishWithPion(t, `${behind.url}/whip/pion`, SECONDS);
  if (publisher === undefined) return;
  const packets = async () => (await recordStatus(url, 'pion')).tracks[0]?.packets_received ?? 0;
  const second = 30;
  await Promise.race([publisher.sent, until('it sends', async () => (await packets()) > second)]);
  behind.relay()?.impair();
  await Promise.race([publisher.sent, delay((SECONDS - 5) * 1000)]);
  // What is lost at the very end shows in no later packet, so nobody could ask for it.
  behind.relay()?.impair(false);
  let row = await recordStatus(url, 'pion');
  let isOver = false;
  const over = publisher.sent.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const latest = await recordStatus(url, 'pion');
    if (latest.tracks.length > 0) row = latest;
    await Promise.race([over, delay(200)]);
  }
  const { video, audio } = await over;
  const { lost } = behind.relay()!.streams.get(video.ssrc)!;
  t.comment(`${lost.length} lost, ${video.nacked} asked for, ${video.resent} sent again`);
  t.comment(JSON.stringify({ video: row.tracks[0], dropped: row.dropped_units }));
  t.ok(video.nacked > 100, 'packets were lost and asked for');
  t.equal(video.resent, video.nacked, 'and all of them were sent again');
  t.equal(row.tracks[0]!.packets_recovered, video.resent, 'what was sent again was taken');
  t.equal(row.tracks[0]!.packets_lost, 0, 'none was given up');
  const sound = behind.relay()!.streams.get(audio.ssrc)!.lost;
  const missing = new Set(sound.map((number) => (number - audio.first) & 0xffff));
  await checkRecording(t, root, 'pion', (second) => hasBeep(missing, second));
});

/** Sound is not asked for again: a beep of which a packet is missing tells nothing. */
function hasBeep(missing: ReadonlySet<number>, second: number): boolean {
  for (let index = second * 50 + 22; index < second * 50 + 32; index++) {
    if (missing.has(index)) return false;
  }
  return true;
}

async function checkRecording(
  t: Test,
  root: string,
  stream: string,
  isWhole: (second: number) => boolean = () => true,
): Promise<void> {
  const { periods } = await readDayFolder(root, stream);
  t.equal(periods.length, 1, 'one Period');
  const { video, audio } = periods[0]!;
  const videoFiles = [video!.init, ...video!.segments];
  const audioFiles = [audio!.init, ...audio!.segments];
  const probed = await probeSegments(videoFiles);
  t.equal(probed.packetCount, PICTURES, 'every picture that was sent');
  t.same(probed.errors, []);
  t.same((await probeSegments(audioFiles)).errors, []);
  const flashes = flashTimes(await decodePictures(videoFiles));
  t.equal(flashes.length, SECONDS, 'a flash a second');
  const whole = flashes.filter((_, second) => isWhole(second));
  const offsets = avOffsets(whole, await decodeBeeps(audioFiles));
  t.ok(offsets.length >= 5 && offsets.length === whole.length, `${offsets.length} have their beep`);
  const worst = Math.max(...offsets.map(({ offsetMs }) => Math.abs(offsetMs)));
  t.ok(worst <= LIP_SYNC_MS, `sound is at most ${worst.toFixed(1)} ms from its picture`);
}
