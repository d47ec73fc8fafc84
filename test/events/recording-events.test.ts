import t from 'tap';
import { RecordingEvents } from '../../src/events/recording-events.ts';
import type { RecordFacts } from '../../src/facts/record-facts.ts';
import type { Segment } from '../../src/facts/segment.ts';
import { segmentOf } from '../http/test-app.ts';

const START = 1753315200000000;

/** What was emitted: type, stream and data. */
function eventsOf(...facts: (Partial<Segment> | RecordFacts)[]): unknown[][] {
  const told: unknown[][] = [];
  const reports = new RecordingEvents({
    emit: (type, data, stream) => void told.push([type, stream, data]),
    written: async () => {},
  });
  for (const fact of facts) {
    if ('recordId' in fact) reports.take({ type: 'record', record: fact });
    else reports.take({ type: 'segment', segment: segmentOf(fact.stream ?? 'cam1', fact) });
  }
  reports.take({ type: 'manifest', path: 'cam1/2025/07/24/manifest.mpd', segments: [] });
  return told;
}

function record(more: Partial<RecordFacts> = {}): RecordFacts {
  return {
    stream: 'cam1',
    recordId: '1753315200',
    startUs: START,
    mpdPath: 'cam1/2025/07/24/manifest.mpd',
    status: 'Active',
    ...more,
  };
}

t.test('a record begins once, and ends', async (t) => {
  const facts = { record: '1753315200', start_ts: START, mpd_path: 'cam1/2025/07/24/manifest.mpd' };
  t.strictSame(
    eventsOf(
      record(),
      record({ startUs: START + 5 }),
      record({ status: 'Completed', endUs: START + 9 }),
    ),
    [
      ['recording.started', 'cam1', facts],
      ['recording.ended', 'cam1', { ...facts, end_ts: START + 9, status: 'Completed' }],
    ],
  );
  const left = eventsOf(record({ status: 'Failed' }));
  t.match(left, [['recording.ended', 'cam1', { end_ts: START, status: 'Failed' }]]);
});

t.test('each segment, and a gap in which neither track has media', async (t) => {
  const seconds = (from: number, to: number) => ({
    startUs: START + from * 1e6,
    endUs: START + to * 1e6,
  });
  const told = eventsOf(
    record(),
    { kind: 'video', ...seconds(0, 10) },
    { kind: 'audio', ...seconds(0, 10.02) },
    // The picture was away, the sound was not.
    { kind: 'audio', ...seconds(10.02, 20) },
    { kind: 'video', ...seconds(15, 20), periodReason: 'picture-started' },
    { kind: 'video', ...seconds(20.05, 25), periodReason: 'codec-change' },
    { kind: 'video', ...seconds(30, 40), periodReason: 'publisher-changed' },
    { kind: 'audio', ...seconds(30.01, 40), periodReason: 'publisher-changed' },
    { stream: 'cam2', ...seconds(100, 110) },
    record({ status: 'Completed', endUs: START + 40e6 }),
    record({ recordId: '1753315300', startUs: START + 100e6 }),
    { kind: 'video', ...seconds(100, 110) },
  );
  t.strictSame(
    told.map(([type]) => type),
    [
      'recording.started',
      ...Array(5).fill('segment.stored'),
      'recording.gap',
      ...Array(3).fill('segment.stored'),
      'recording.ended',
      'recording.started',
      'segment.stored',
    ],
  );
  t.strictSame(
    told.find(([type]) => type === 'recording.gap'),
    [
      'recording.gap',
      'cam1',
      {
        record: '1753315200',
        start_ts: START + 25e6,
        end_ts: START + 30e6,
        reason: 'publisher-changed',
      },
    ],
  );
  t.strictSame(told[1], [
    'segment.stored',
    'cam1',
    {
      kind: 'video',
      path: 'cam1/2025/07/24/seg_0001.m4s',
      init_path: 'cam1/2025/07/24/init.m4s',
      start_ts: START,
      end_ts: START + 10e6,
      size: 3145728,
      codec: 'avc1.42e01f',
    },
  ]);
});
