import { mkdir } from 'node:fs/promises';
import t from 'tap';
import { live777Binary, RealNode } from '../live777/real-node.ts';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { encodeVideo } from '../recording/every-codec/codec-clips.ts';
import { mediaHashes, readDayFolder } from '../server/day-folder.ts';
import { getJson, recordStatus, segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { checkRecordedClip } from './published-clip.ts';

const binary = live777Binary();
const CLIPS = ['vp8', 'vp9', 'av1', 'h265', 'h265-reordered'] as const;
const skip = binary === undefined && 'opt in with LIVE777_BIN=/path/to/live777';

t.test(
  'a real Live777 node: what matches, to its end, and through a restart',
  { skip },
  async (t) => {
    if (!requireFfmpeg(t)) return;
    const node = await RealNode.start(binary!);
    t.teardown(() => node.remove());
    const publish = async (stream: string) => {
      const publisher = await WhipPublisher.connect({ whipUrl: `${node.url}/whip/${stream}` });
      t.teardown(() => publisher.vanish());
      publisher.start();
      return publisher;
    };
    const { url, root } = await startRecorder(t, {
      configToml: sourceOf(node),
    });
    await publish('cam1');
    const leaving = await publish('cam2');
    await publish('other');
    const count = async (stream: string) => (await segmentPage(url, { stream })).segments.length;
    await until('both are recorded', async () => {
      return (await count('cam1')) >= 4 && (await count('cam2')) >= 4;
    });
    t.equal(await count('other'), 0, 'and nothing else');

    await leaving.stop();
    await until(
      'the record of the one that left is completed',
      async () => {
        const { sessions } = await getJson<{ sessions: { stream: string; status: string }[] }>(
          `${url}/api/recordings`,
        );
        return sessions.some(({ stream, status }) => stream === 'cam2' && status === 'Completed');
      },
      10_000,
    );

    const before = await readDayFolder(root, 'cam1');
    const hashes = await mediaHashes(before.path);
    await node.kill();
    await node.restart();
    await publish('cam1');
    const after = await until('it goes on after the restart', async () => {
      const folder = await readDayFolder(root, 'cam1');
      return folder.periods.length > before.periods.length && folder;
    });
    const now = await mediaHashes(after.path);
    for (const [name, hash] of hashes) t.equal(now.get(name), hash, `${name} is untouched`);
    await fetch(`${url}/api/record/cam1`, { method: 'DELETE' });
    t.equal((await recordStatus(url, 'cam1')).recording, false);
    const folder = await readDayFolder(root, 'cam1');
    for (const { video, audio } of folder.periods) {
      for (const track of [video, audio]) {
        const media = await probeSegments([track!.init, ...track!.segments]);
        t.same(media.errors, []);
      }
    }
    const [first, second] = folder.mpd.periods;
    const gap = startOf(second!) - endOf(first!);
    t.comment(`the restart cost ${gap.toFixed(1)} s`);
  },
);

t.test('a real Live777 node: each codec is pulled as it was published', { skip }, async (t) => {
  if (!requireFfmpeg(t)) return;
  await mkdir(t.testdir(), { recursive: true });
  const clips = [];
  for (const name of CLIPS) clips.push({ name, ...(await encodeVideo(t.testdirName, name)) });
  const node = await RealNode.start(binary!);
  t.teardown(() => node.remove());
  const { url, root } = await startRecorder(t, { configToml: sourceOf(node) });
  const streams = [];
  for (const { name, video: encodedVideo, hashes } of clips) {
    const stream = `cam-${name}`;
    const whipUrl = `${node.url}/whip/${stream}`;
    const publisher = await WhipPublisher.connect({ whipUrl, encodedVideo });
    t.teardown(() => publisher.vanish());
    publisher.start();
    streams.push({ name, stream, hashes, publisher });
  }
  for (const { name, stream, hashes, publisher } of streams) {
    const isPulled = async () => (await segmentPage(url, { stream })).segments.length > 1;
    await until(`${name} is recorded`, isPulled, 20_000);
    const from = publisher.sent.videoFrames;
    await until('eight seconds more', () => publisher.sent.videoFrames >= from + 240, 20_000);
    await fetch(`${url}/api/record/${stream}`, { method: 'DELETE' });
    await t.test(name, async (t) => {
      const recorded = await checkRecordedClip(t, hashes, root, stream);
      t.ok(recorded.pictures > 240, `${recorded.pictures} pictures`);
      t.comment(JSON.stringify(recorded));
    });
  }
});

/** A configuration that pulls streams of a node. */
function sourceOf(node: RealNode): string {
  return `[recorder]
auto_streams = ["cam*"]
segment_seconds = 2
[[recorder.sources]]
url = "${node.url}"
[recorder.storage]
type = "fs"
root = "{root}"
`;
}

type Period = Awaited<ReturnType<typeof readDayFolder>>['mpd']['periods'][number];

/** Seconds since the Unix epoch. */
function startOf({ adaptationSets: [set] }: Period): number {
  return set!.segments[0]!.time / set!.timescale;
}

function endOf({ adaptationSets: [set] }: Period): number {
  const { time, duration } = set!.segments.at(-1)!;
  return (time + duration) / set!.timescale;
}
