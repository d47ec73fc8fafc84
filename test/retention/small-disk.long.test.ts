import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { freeSpace } from '../../src/files/free-space.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { SimulatedNode } from './simulated-node.ts';

const MEGABYTES = 200;
const MINUTES = 60;
/** Streams that fill the disk several times over in this time. */
const STREAMS = ['cam1', 'cam2', 'cam3'];
const LEAST_SHARE = 0.2;

t.setTimeout(600_000);

/** A disk of its own, or undefined where this user may not mount one. */
function smallDisk(test: Test): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  test.teardown(() => {
    execFileSync('umount', [folder]);
    rmdirSync(folder);
  });
  return folder;
}

t.test('a small disk never gets full', async (t) => {
  const disk = smallDisk(t);
  if (disk === undefined) {
    t.comment('skipped: a disk can only be mounted by root');
    return;
  }
  const root = path.join(disk, 'records');
  const node = await SimulatedNode.open(t, root, NOON_US, {
    rules: { minFree: { share: LEAST_SHARE } },
    segmentSeconds: 10,
  });
  for (const stream of STREAMS) node.publish(stream).clip = 'moving-640x360.h264';
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < MINUTES * 60; at += 5) {
    await node.run(5);
    await node.retention.sweep();
    const { freeBytes } = await freeSpace(disk);
    least = Math.min(least, freeBytes);
  }
  const deleted = node.deleted.reduce((sum, { bytes }) => sum + bytes, 0);
  t.comment(
    `${(deleted / 1e6).toFixed(0)} MB deleted, at least ${(least / 1e6).toFixed(1)} MB free`,
  );
  t.ok(deleted > MEGABYTES * 1e6, 'more was recorded than there is space');
  t.ok(least > 0.5 * LEAST_SHARE * MEGABYTES * 2 ** 20, `${least} bytes were free at least`);
  const starts = STREAMS.map((stream) => node.index.segments({ stream, limit: 1 })[0]!.startUs);
  t.ok(Math.max(...starts) - Math.min(...starts) < 30e6, 'the oldest first, across streams');
  t.same(
    node.logged.filter(({ level }) => level === 'error'),
    [],
  );
  for (const publisher of node.publishers) t.equal(publisher.recording.error, undefined);
  await node.endAll();
  for (const stream of STREAMS) {
    const { findings } = await verifyRecording(path.join(root, stream, '2026/03/04'));
    t.same(
      findings.filter(({ damage }) => damage),
      [],
    );
  }
  await node.close();
});

t.test('a disk that something else has filled', async (t) => {
  const disk = smallDisk(t);
  if (disk === undefined) return;
  const root = path.join(disk, 'records');
  const node = await SimulatedNode.open(t, root, NOON_US, { rules: { minFree: { share: 0.2 } } });
  node.publish('cam1').clip = 'moving-640x360.h264';
  await node.run(300);
  await node.retention.sweep();
  await node.endAll();
  const before = node.rows().length;
  const other = path.join(disk, 'other');
  t.throws(
    () => {
      for (;;) appendFileSync(other, Buffer.alloc(4096));
    },
    { code: 'ENOSPC' },
  );
  await node.retention.sweep();
  const left = node.rows().length;
  t.ok(left < before, `${left} of ${before} segments are left`);
  node.nowUs += 61e6;
  await node.retention.work();
  t.ok((await freeSpace(disk)).freeBytes > 0, 'there is space again');
  t.same(node.segmentFiles(), node.rows());
  await node.close();
});
