import t from 'tap';
import { RateMeter } from '../../src/streams/rate-meter.ts';

/** A session with one track that counts what it is told. */
function session() {
  const counted = { bytes: 0, accessUnits: 0 };
  return {
    counted,
    statistics: () => ({ rtp: { tracks: new Map([['0', { ...counted }]]) } }),
  };
}

t.test('rates are those of the last few seconds', async (t) => {
  let us = 1e9;
  const meter = new RateMeter(() => us);
  const { counted, statistics } = session();
  const publisher = { statistics };
  const pass = (seconds: number, bytes: number, accessUnits: number) => {
    for (let quarter = 0; quarter < seconds * 4; quarter++) {
      meter.note(publisher);
      us += 250_000;
      counted.bytes += bytes / 4;
      counted.accessUnits += accessUnits / 4;
    }
  };
  t.equal(meter.ratesOf('0', counted), undefined, 'nothing is known yet');
  pass(0.75, 1000, 20);
  t.equal(meter.ratesOf('0', counted), undefined, 'nor after less than a second');
  pass(1.25, 1000, 20);
  t.same(meter.ratesOf('0', counted), { bitsPerSecond: 8000, framesPerSecond: 20 });
  t.equal(meter.ratesOf('1', counted), undefined, 'a track that there is not');
  pass(8, 5000, 40);
  t.same(
    meter.ratesOf('0', counted),
    { bitsPerSecond: 40_000, framesPerSecond: 40 },
    'what was before does not count',
  );
  pass(8, 0, 0);
  t.same(meter.ratesOf('0', counted), { bitsPerSecond: 0, framesPerSecond: 0 }, 'it stopped');
});

t.test('another session begins anew', async (t) => {
  let us = 0;
  const meter = new RateMeter(() => us);
  const first = session();
  first.counted.bytes = 1e6;
  meter.note(first);
  us += 3e6;
  t.ok(meter.ratesOf('0', first.counted));
  const second = session();
  meter.note(second);
  t.equal(meter.ratesOf('0', second.counted), undefined);
  us += 2e6;
  second.counted.bytes = 1000;
  t.same(meter.ratesOf('0', second.counted), { bitsPerSecond: 4000, framesPerSecond: 0 });
  meter.note(undefined);
  t.equal(meter.ratesOf('0', second.counted), undefined, 'nobody publishes');
});
