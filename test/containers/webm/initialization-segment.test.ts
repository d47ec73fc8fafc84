import t from 'tap';
import { OpusConfiguration } from '../../../src/codecs/opus/configuration.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import { webm } from '../../../src/containers/webm/container.ts';
import { readInitializationSegment } from '../../../src/containers/webm/initialization-segment-reader.ts';

const VP8 = {
  kind: 'video',
  timescale: 1000,
  sampleEntry: { type: 'V_VP8' },
  width: 1280,
  height: 720,
} as const;

t.test('Opus is read back as it was configured', (t) => {
  for (const channels of [1, 2] as const) {
    const configuration = new OpusConfiguration(channels);
    const bytes = webm.initialization(trackFormat(webm, configuration));
    t.same(readInitializationSegment(bytes), {
      kind: 'audio',
      codecs: 'opus',
      timescale: 1000,
      channels,
      samplingRate: 48_000,
    });
    t.ok(webm.readConfiguration(bytes)?.codec === 'opus');
  }
  t.end();
});

t.test('what WebM cannot hold', (t) => {
  const opus = trackFormat(webm, new OpusConfiguration(2));
  for (const wrong of [
    { ...VP8, timescale: 90_000 },
    { ...VP8, sampleEntry: { type: 'avc1' } },
    { ...VP8, sampleEntry: { type: 'A_OPUS' } },
    { ...VP8, sampleEntry: { type: 'toString' } },
    { ...VP8, width: 0 },
    { ...VP8, height: undefined },
    { ...VP8, compositionDelay: 3000 },
    { ...opus, sampleEntry: { type: 'A_OPUS' } },
  ]) {
    t.throws(() => webm.initialization(wrong as typeof VP8), { name: 'RangeError' });
  }
  t.end();
});

t.test('what is no initialization segment', (t) => {
  const bytes = webm.initialization(trackFormat(webm, new OpusConfiguration(2)));
  const unknown = Buffer.from(bytes);
  unknown.write('A_OTHR', bytes.indexOf('A_OPUS'), 'latin1');
  t.equal(readInitializationSegment(unknown), undefined, 'a codec that nobody knows');
  const noScale = Buffer.from(bytes);
  noScale.fill(0, bytes.indexOf('2ad7b183', 0, 'hex') + 4, bytes.indexOf('2ad7b183', 0, 'hex') + 7);
  t.equal(readInitializationSegment(noScale), undefined, 'a TimestampScale of 0');
  t.equal(readInitializationSegment(Buffer.alloc(0)), undefined);
  t.equal(readInitializationSegment(bytes.subarray(4)), undefined);
  t.end();
});
