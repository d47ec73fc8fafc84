import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';

async function run(publisher: SimulatedPublisher, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await publisher.run(1);
    await publisher.recording.written();
  }
}

/** Everything in the day folder is named by its manifest and plays. @returns pictures in it */
async function checkFolder(t: Test, root: string): Promise<number> {
  const folder = path.join(root, FOLDER);
  const mpd = readMpd(readFileSync(path.join(folder, 'manifest.mpd'), 'utf8'));
  t.equal(mpd.type, 'static');
  const listed: string[] = [];
  let pictures = 0;
  for (const set of mpd.periods.flatMap(({ adaptationSets }) => adaptationSets)) {
    const files = set.segments.map(({ file }) => file);
    listed.push(...files);
    const media = await probeSegments(
      [set.initialization, ...files].map((file) => path.join(folder, file)),
    );
    t.same(media.errors, [], `${set.contentType} from ${files[0]} on is sound`);
    if (set.contentType === 'video') pictures += media.frameCount;
  }
  const files = readdirSync(folder);
  t.same(
    files.filter((file) => file.endsWith('.part')),
    [],
  );
  t.same(listed.toSorted(), files.filter((file) => /seg_\d+\.m4s$/.test(file)).toSorted());
  return pictures;
}

for (const deleted of ['cam1', FOLDER]) {
  t.test(`${deleted} is deleted while it is recorded`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
    const { root, recording } = publisher;
    await run(publisher, 7);
    const before = publisher.segments.map(({ path }) => path);
    rmSync(path.join(root, deleted), { recursive: true });
    await run(publisher, 2);
    t.match(recording.error, /ENOENT/, 'the state says what happened within two seconds');
    await run(publisher, 8);
    t.equal(recording.error, undefined, 'recording again, by itself');
    t.ok(existsSync(path.join(root, FOLDER, 'manifest.mpd')), 'with a manifest');
    t.notMatch(recording.manifest(recording.manifestPath), /seg_0001/, 'of what is there');
    await run(publisher, 3);
    await recording.close();

    const pictures = await checkFolder(t, root);
    t.ok(pictures >= 7 * 30, `${pictures} pictures of the 13 s after it`);
    const after = publisher.segments.slice(before.length).map(({ path }) => path);
    t.equal(after.filter((path) => before.includes(path)).length, 0, 'numbers go on');
  });
}

t.test('a folder that is deleted while nobody publishes', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
  await run(publisher, 5);
  publisher.recording.detach();
  await publisher.recording.written();
  rmSync(path.join(publisher.root, 'cam1'), { recursive: true });
  publisher.attach();
  await run(publisher, 10);
  t.equal(publisher.recording.error, undefined);
  await publisher.recording.close();
  t.ok((await checkFolder(t, publisher.root)) >= 4 * 30);
});

t.test('a manifest that is deleted is written again with all that there is', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
  await run(publisher, 7);
  rmSync(path.join(publisher.root, FOLDER, 'manifest.mpd'));
  await run(publisher, 5);
  t.ok(existsSync(path.join(publisher.root, FOLDER, 'manifest.mpd')));
  await publisher.recording.close();
  t.equal(await checkFolder(t, publisher.root), publisher.frame, 'all that was sent');
});

t.test('a folder in the place of the manifest is set aside', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
  const folder = path.join(publisher.root, FOLDER);
  mkdirSync(path.join(folder, 'manifest.mpd', 'something'), { recursive: true });
  mkdirSync(path.join(folder, 'seg_0002.m4s.part'));
  await run(publisher, 7);
  t.equal(publisher.recording.error, undefined);
  rmSync(path.join(folder, 'manifest.mpd'));
  mkdirSync(path.join(folder, 'manifest.mpd'));
  await run(publisher, 5);
  t.equal(publisher.recording.error, undefined, 'also while it is recorded');
  await publisher.recording.close();
  rmSync(path.join(folder, 'seg_0002.m4s.part'), { recursive: true });
  t.equal(await checkFolder(t, publisher.root), publisher.frame, 'all that was sent');
  t.ok(existsSync(path.join(folder, 'manifest.mpd.damaged', 'something')), 'nothing of it is lost');
  t.ok(existsSync(path.join(folder, 'manifest.mpd.damaged-2')));
});
