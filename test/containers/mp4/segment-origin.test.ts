import t from 'tap';
import {
  readSegmentOrigin,
  writeSegmentOrigin,
} from '../../../src/containers/mp4/segment-origin.ts';

t.test('what a segment belongs to comes back', (t) => {
  for (const origin of [
    { initialization: 'init.m4s', period: 'p1' },
    { initialization: 'audio_init_12345.m4s', period: 'p1234567890123456789' },
  ]) {
    const bytes = writeSegmentOrigin(origin);
    t.equal(bytes.readUInt32BE(0), bytes.length);
    t.same(readSegmentOrigin(bytes), origin);
    t.equal(readSegmentOrigin(bytes.subarray(1)), undefined);
    t.equal(readSegmentOrigin(bytes.subarray(0, -1)), undefined);
  }
  const other = Buffer.alloc(64);
  other.writeUInt32BE(64, 0);
  other.write('free', 4);
  t.equal(readSegmentOrigin(other), undefined, 'free space');
  for (const initialization of ['', 'a b', 'é', 'i'.repeat(54)]) {
    t.throws(() => writeSegmentOrigin({ initialization, period: 'p1' }), RangeError);
  }
  t.end();
});
