import t from 'tap';
import type { RecordFacts } from '../../src/facts/record-facts.ts';
import type { RecordingFact } from '../../src/facts/recording-fact.ts';
import { closeLeftRecord, OpenRecords } from '../../src/workers/open-records.ts';

const RECORD: RecordFacts = {
  stream: 'cam1',
  recordId: '1772582400',
  startUs: 1_772_582_400_000_000,
  mpdPath: 'cam1/2026/03/04/manifest.mpd',
  status: 'Active',
};

function segmentUntil(endUs: number, stream = 'cam1'): RecordingFact {
  const path = `${stream}/2026/03/04/seg_0001.m4s`;
  const initPath = `${stream}/2026/03/04/init.m4s`;
  const startUs = endUs - 1_000_000;
  const facts = { isKeyframe: true, keyframes: [startUs], codec: 'avc1.42e01f', size: 1000 };
  return {
    type: 'segment',
    segment: { stream, kind: 'video', startUs, endUs, path, initPath, ...facts },
  };
}

t.test('a record that a worker left open ends with what was saved before it died', async (t) => {
  const records = new OpenRecords();
  records.take({ type: 'record', record: RECORD });
  records.take(segmentUntil(RECORD.startUs + 2_000_000));
  records.take(segmentUntil(RECORD.startUs + 9_000_000, 'cam2'));
  records.take({ type: 'record', record: RECORD });
  t.equal(records.streamOf(RECORD.mpdPath), 'cam1');

  const told: RecordingFact[] = [];
  const unexpected = (_: object, message: string) => void t.fail(message);
  const log = { info: unexpected, warn: unexpected, error: unexpected };
  const options = { root: t.testdir({}), isKnown: () => true, log };
  await closeLeftRecord(records.remove('cam1')!, options, (fact) => told.push(fact));
  const record = { ...RECORD, endUs: RECORD.startUs + 2_000_000, status: 'Failed' };
  t.strictSame(told, [{ type: 'record', record }]);
  t.equal(records.remove('cam1'), undefined);
});

t.test('a record that has ended is open no more, and the next one begins anew', (t) => {
  const records = new OpenRecords();
  records.take({ type: 'record', record: RECORD });
  records.take(segmentUntil(RECORD.startUs + 2_000_000));
  records.take({ type: 'record', record: { ...RECORD, status: 'Completed' } });
  t.equal(records.streamOf(RECORD.mpdPath), undefined);
  const next = { ...RECORD, recordId: '1772582500', startUs: RECORD.startUs + 100_000_000 };
  records.take({ type: 'record', record: next });
  t.strictSame(records.remove('cam1'), { record: next, endUs: next.startUs });
  t.end();
});
