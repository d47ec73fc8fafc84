import { cp, readdir, rename, rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { RecordingFact } from '../../src/facts/recording-fact.ts';
import type { Segment } from '../../src/facts/segment.ts';
import { IndexRebuild, type IndexRebuildOptions } from '../../src/index-rebuild/index-rebuild.ts';
import { RecordCatalogue } from '../../src/record-catalogue/record-catalogue.ts';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { folderReader, type RecordingsReader } from '../../src/storage/recordings-reader.ts';
import { NOON_US, SimulatedPublisher } from '../recording/simulated-publisher.ts';
import { inTestFolder } from '../test-folder.ts';

const log = { info() {}, warn() {} };
const REPORTS = { videoReportUs: 300_000, audioReportUs: 500_000 };
const DAY_US = 86_400e6;
let journals = 0;

async function openJournals(t: Test, now = () => NOON_US + DAY_US) {
  const folder = inTestFolder(t, `journals-${journals++}`);
  const index = await SegmentIndex.open({
    journalPath: path.join(folder, 'segments.jsonl'),
    nodeAlias: 'node',
    log,
    now,
  });
  const catalogue = await RecordCatalogue.open({
    journalPath: path.join(folder, 'records.jsonl'),
    log,
    now,
  });
  t.teardown(() => Promise.all([index.close(), catalogue.close()]));
  return { index, catalogue, now };
}

function optionsOf(
  root: string,
  opened: Awaited<ReturnType<typeof openJournals>>,
  options: Partial<IndexRebuildOptions> = {},
): IndexRebuildOptions {
  return {
    reader: folderReader(root),
    ...opened,
    streamOf: () => undefined,
    fromUs: 0,
    untilUs: Number.POSITIVE_INFINITY,
    graceUs: 5_000_000,
    withRecords: true,
    log,
    ...options,
  };
}

/** All rows of an index without what is not in the files. */
function rows(index: SegmentIndex): Record<string, unknown>[] {
  const { segments } = JSON.parse(index.page({ limit: 100_000 }).toString());
  for (const segment of segments) delete segment.created_at;
  return segments.sort((a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1));
}

function cursors(index: SegmentIndex): number[] {
  const { segments } = JSON.parse(index.page({ limit: 100_000 }).toString());
  return segments.map((segment: { created_at: number }) => segment.created_at);
}

/** Two streams, an afternoon with a pause and a midnight, told to an index as they are recorded. */
async function record(t: Test) {
  const told: Segment[] = [];
  const onFact = (fact: RecordingFact) => {
    if (fact.type === 'segment') told.push(fact.segment);
  };
  const first = new SimulatedPublisher(t, { ...REPORTS, recording: { onFact } });
  await first.run(9);
  first.recording.detach();
  await first.run(10, () => true);
  first.attach();
  await first.run(5);
  await first.recording.close();
  const midnight = NOON_US + DAY_US / 2;
  const second = new SimulatedPublisher(
    t,
    {
      ...REPORTS,
      startUs: midnight - 5e6,
      recording: { onFact, stream: 'gate 2/left', baseFolder: 'base/a%2Fb' },
    },
    first.root,
  );
  await second.run(11);
  await second.recording.close();
  return { root: first.root, told, records: [...first.records, ...second.records] };
}

const recorded = await record(t);

t.test('an index from the files is the one from the recording', async (t) => {
  const before = await openJournals(t);
  for (const segment of recorded.told) await before.index.add(segment);
  const after = await openJournals(t);
  const rebuild = await IndexRebuild.begin(optionsOf(recorded.root, after));
  t.equal(await rebuild.run(), true);
  t.strictSame(rows(after.index), rows(before.index));
  t.match(rebuild.result, { folders: 3, segments: recorded.told.length, unreadable: 0 });
  t.same(
    after.index.folders().map(({ stream, folder }) => [stream, folder]),
    before.index.folders().map(({ stream, folder }) => [stream, folder]),
  );

  await t.test('and a second time it finds nothing to do', async (t) => {
    const again = await IndexRebuild.begin(optionsOf(recorded.root, after));
    await again.run();
    t.match(again.result, { segments: 0, records: 0 });
  });
});

t.test('times of a sender whose clock runs fast, as they were measured', async (t) => {
  const told: Segment[] = [];
  const publisher = new SimulatedPublisher(
    t,
    {
      ...REPORTS,
      driftPpm: 200,
      recording: {
        onFact: (fact) => {
          if (fact.type === 'segment') told.push(fact.segment);
        },
      },
    },
    inTestFolder(t, 'recordings'),
  );
  await publisher.run(60);
  await publisher.recording.close();
  const before = await openJournals(t);
  for (const segment of told) await before.index.add(segment);
  const after = await openJournals(t);
  await (await IndexRebuild.begin(optionsOf(publisher.root, after))).run();
  t.strictSame(rows(after.index), rows(before.index));
  const lengths = told
    .filter(({ kind }) => kind === 'video')
    .map(({ startUs, endUs }) => endUs - startUs);
  t.ok(
    lengths.slice(0, -1).some((length) => length % 1000 !== 0),
    `drift was measured: ${lengths}`,
  );
});

t.test('records, as far as the files tell them', async (t) => {
  const opened = await openJournals(t);
  await (await IndexRebuild.begin(optionsOf(recorded.root, opened))).run();
  const facts = (streams: string[]) => streams.flatMap((s) => opened.catalogue.records(s));
  const found = facts(opened.catalogue.streams());
  // The pause of 10 s is longer than the grace, so what was one record comes back as two.
  t.match(
    found.map(({ stream, mpdPath, status }) => [stream, mpdPath, status]),
    [
      ['cam1', 'cam1/2026/03/04/manifest.mpd', 'Completed'],
      ['cam1', 'cam1/2026/03/04/manifest.mpd', 'Completed'],
      ['gate 2/left', 'base/a%2Fb/gate%202%2Fleft/2026/03/04/manifest.mpd', 'Completed'],
      ['gate 2/left', 'base/a%2Fb/gate%202%2Fleft/2026/03/05/manifest.mpd', 'Completed'],
    ],
  );
  const ended = recorded.records.filter(({ status }) => status === 'Completed');
  t.equal(found[0]!.startUs, ended[0]!.startUs);
  t.equal(found[1]!.endUs, ended[0]!.endUs);
  for (const [i, record] of ended.slice(1).entries()) {
    t.equal(found[i + 2]!.startUs, record.startUs);
    t.equal(found[i + 2]!.endUs, record.endUs);
  }

  await t.test('what is known stays as it is, and is not told twice', async (t) => {
    const opened = await openJournals(t);
    for (const record of ended.slice(0, 2)) await opened.catalogue.put(record);
    await opened.catalogue.ack([{ stream: 'cam1', record: ended[0]!.recordId }]);
    await (await IndexRebuild.begin(optionsOf(recorded.root, opened))).run();
    t.same(opened.catalogue.records('cam1'), [ended[0]]);
    t.same(opened.catalogue.records('gate 2/left').length, 2);
    t.equal(opened.catalogue.sessions({ limit: 10 }).sessions.length, 2, 'the ack holds');
  });
});

t.test('the cursor goes on beyond what was given out', async (t) => {
  const root = await copied(t, 'cursor');
  const opened = await openJournals(t);
  await (await IndexRebuild.begin(optionsOf(root, opened))).run();
  // The files were written now, years after the simulated recording: as if the clock was set back.
  const writtenUs = Date.now() * 1000;
  const given = cursors(opened.index);
  t.ok(Math.min(...given) > writtenUs, 'a clock that was set back does not set it back');
  t.equal(new Set(given).size, given.length);

  const past = new Date((NOON_US - DAY_US) / 1000);
  for (const file of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) await utimes(path.join(file.parentPath, file.name), past, past);
  }
  const fresh = await openJournals(t);
  await (await IndexRebuild.begin(optionsOf(root, fresh))).run();
  t.equal(cursors(fresh.index)[0], fresh.now() + 1, 'else it is the time of day');
  const ahead = await openJournals(t);
  ahead.catalogue.raiseCursor(NOON_US + 3 * DAY_US);
  await (await IndexRebuild.begin(optionsOf(root, ahead))).run();
  t.ok(cursors(ahead.index)[0]! > NOON_US + 3 * DAY_US, 'the catalogue has a trace of it too');
});

t.test('bounds: retention, the running recorder, a signal', async (t) => {
  const midnight = NOON_US + DAY_US / 2;
  const late = await openJournals(t);
  const options = optionsOf(recorded.root, late, { fromUs: midnight });
  await (await IndexRebuild.begin(options)).run();
  t.same(rows(late.index).length, recorded.told.filter(({ endUs }) => endUs > midnight).length);
  const early = await openJournals(t);
  const untilUs = NOON_US + 9e6;
  await (await IndexRebuild.begin(optionsOf(recorded.root, early, { untilUs }))).run();
  t.same(rows(early.index).length, recorded.told.filter(({ endUs }) => endUs <= untilUs).length);
  const stopped = await openJournals(t);
  const rebuild = await IndexRebuild.begin(optionsOf(recorded.root, stopped));
  await rebuild.runFirst(['cam1/2026/03/04', 'cam1/1999/01/01']);
  t.equal(await rebuild.run(AbortSignal.abort()), false);
  t.equal(rebuild.result.folders, 1);
});

t.test('without a manifest, and with damage, as far as it goes', async (t) => {
  const root = await copied(t, 'lost');
  const folder = path.join(root, 'cam1/2026/03/04');
  const before = await openJournals(t);
  for (const segment of recorded.told) await before.index.add(segment);
  await rm(path.join(folder, 'manifest.mpd'));
  const after = await openJournals(t);
  await (await IndexRebuild.begin(optionsOf(root, after))).run();
  t.strictSame(rows(after.index), rows(before.index), 'the files alone tell it');

  await rename(path.join(folder, 'seg_0003.m4s'), path.join(folder, 'seg_0003.m4s.part'));
  await rm(path.join(folder, 'audio_init.m4s'));
  const warned: string[] = [];
  const worse = await openJournals(t);
  const rebuild = await IndexRebuild.begin(
    optionsOf(root, worse, {
      log: { info() {}, warn: (_, message) => void warned.push(message) },
    }),
  );
  await rebuild.run();
  const sound = recorded.told.filter(
    ({ kind, path }) => path.startsWith('cam1/') && kind === 'audio',
  );
  t.equal(rebuild.result.unreadable, sound.length);
  t.equal(rebuild.result.segments, recorded.told.length - sound.length - 1);
  t.match(warned, [/unreadable segments are not in the index/]);
});

t.test('reads headers only, and few files at once', async (t) => {
  let bytes = 0;
  let open = 0;
  let mostOpen = 0;
  const inner = folderReader(recorded.root);
  const reader: RecordingsReader = {
    ...inner,
    async open(file) {
      const opened = await inner.open(file);
      mostOpen = Math.max(mostOpen, ++open);
      return (
        opened && {
          size: opened.size,
          async read(...place: Parameters<typeof opened.read>) {
            const read = await opened.read(...place);
            bytes += read.bytesRead;
            return read;
          },
          async close() {
            open--;
            await opened.close();
          },
        }
      );
    },
  };
  const opened = await openJournals(t);
  await (await IndexRebuild.begin(optionsOf(recorded.root, opened, { reader }))).run();
  const video = recorded.told.filter(({ kind }) => kind === 'video');
  const total = recorded.told.reduce((sum, { size }) => sum + size, 0);
  t.ok(bytes < total * 0.6, `${bytes} of ${total} bytes in ${video.length} segments`);
  t.ok(mostOpen <= 8, `${mostOpen} files at once`);
  t.equal(open, 0);
});

async function copied(t: Test, name: string): Promise<string> {
  const root = inTestFolder(t, name);
  await cp(recorded.root, root, { recursive: true, preserveTimestamps: true });
  return root;
}
