import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { smallDisk } from '../files/small-disk.ts';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { recordStatus, segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** Fills a disk to its last byte. */
function fill(file: string): void {
  for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1) {
    for (;;) {
      try {
        writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}

t.test('a disk that is full for a while', async (t) => {
  if (!requireFfmpeg(t)) return;
  const disk = smallDisk(t, '24m');
  if (disk === undefined) return;
  const root = path.join(disk, 'records');
  const recorder = await startRecorder(t, { root, segmentSeconds: 1, collectOften: true });
  const { url } = recorder;
  const publishers = new Map<string, WhipPublisher>();
  for (const stream of ['stays', 'leaves']) {
    const whipUrl = `${url}/whip/${stream}`;
    const publisher = await WhipPublisher.connect({ whipUrl, keyframeOnRequest: 'at once' });
    t.teardown(() => publisher.vanish());
    publisher.start();
    publishers.set(stream, publisher);
  }
  const sent = () => publishers.get('stays')!.sent.videoFrames;
  for (const [stream, publisher] of publishers) {
    await until('five seconds', () => publisher.sent.videoFrames >= 150);
    await until(
      'some segments',
      async () => (await segmentPage(url, { stream })).segments.length > 4,
    );
  }
  const dir = (await recordStatus(url, 'stays')).record_dir!;
  const leftDir = (await recordStatus(url, 'leaves')).record_dir!;

  const indexed = async (stream: string) => {
    const { segments } = await segmentPage(url, { stream, limit: 1000 });
    return segments.map((segment) => path.basename(segment.path)).toSorted();
  };
  const before = [await indexed('stays'), await indexed('leaves')];
  for (const names of before) t.ok(names.length > 0);

  const filler = path.join(disk, 'filler');
  fill(filler);
  const filledAt = sent();
  for (const stream of publishers.keys()) {
    const failed = await until(`${stream} is said to fail`, async () => {
      const status = await recordStatus(url, stream);
      return status.state === 'failed' && status;
    });
    t.match(failed.error, /ENOSPC/);
  }
  await publishers.get('leaves')!.stop();
  // For longer than garbage takes to be collected: twice a second here.
  const states = new Set<string>();
  await until('twelve seconds without space', async () => {
    states.add((await recordStatus(url, 'stays')).state);
    return sent() - filledAt > 360;
  });
  t.same([...states], ['failed'], 'and nothing else is said meanwhile');
  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.match(metrics, /^live777_recorder_storage_free_bytes 0$/m);
  t.match(metrics, /^live777_recorder_storage_total_bytes 25165824$/m);

  rmSync(filler);
  await until('recording again, by itself', async () => {
    return (await recordStatus(url, 'stays')).state === 'recording';
  });
  await until('what had left is closed, by itself', async () => {
    const status = await recordStatus(url, 'leaves');
    return status.state === 'idle';
  });
  const back = sent();
  await until('three seconds more', () => sent() - back > 90);
  await publishers.get('stays')!.stop();
  await until('it is closed', async () => (await recordStatus(url, 'stays')).state === 'idle');

  for (const [i, folder] of [dir, leftDir].entries()) {
    const files = readdirSync(path.join(root, folder));
    t.same(
      files.filter((file) => file.endsWith('.part')),
      [],
      `${folder}: nothing is left open`,
    );
    const mpd = readMpd(readFileSync(path.join(root, folder, 'manifest.mpd'), 'utf8'));
    t.equal(mpd.type, 'static');
    const listed: string[] = [];
    for (const set of mpd.periods.flatMap(({ adaptationSets }) => adaptationSets)) {
      const names = set.segments.map(({ file }) => file);
      listed.push(...names);
      const media = await probeSegments(
        [set.initialization, ...names].map((file) => path.join(root, folder, file)),
      );
      t.same(media.errors, [], `${set.contentType} from ${names[0]} on is sound`);
    }
    t.same(listed.toSorted(), files.filter((file) => /seg_\d+\.m4s$/.test(file)).toSorted());
    const lost = before[i]!.filter((name) => !listed.includes(name));
    t.same(lost, [], `${folder}: what was complete before the disk was full is there`);
    t.same(await indexed(folder.split('/')[0]!), listed.toSorted(), 'the index has the same');
  }
  const log = recorder.log();
  t.same(
    log.filter((line) => /worker died|ERR_INVALID_STATE/.test(line)),
    [],
    'the worker lives',
  );
  const failures = log.filter((line) => line.includes('a write failed'));
  t.ok(failures.length <= 2 * publishers.size, `logged ${failures.length} times, not at each try`);
  t.ok(
    log.some((line) => line.includes('less than 5 % free')),
    'the log warns of a disk that fills',
  );
  t.equal(await recorder.stop(), 0);
});
