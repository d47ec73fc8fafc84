import t from 'tap';
import { H264ParameterSets } from '../../../src/codecs/h264/parameter-sets.ts';
import { OpusConfiguration } from '../../../src/codecs/opus/configuration.ts';
import { mp4 } from '../../../src/containers/mp4/container.ts';
import { initializationSegment } from '../../../src/containers/mp4/initialization-segment.ts';
import { readInitializationSegment } from '../../../src/containers/mp4/initialization-segment-reader.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';

const SPS = Buffer.from('6742c01fda014016e9b808080a', 'hex');
const PPS = Buffer.from('68ce3c80', 'hex');

t.test('reads back what was written', async (t) => {
  const opus = initializationSegment(trackFormat(mp4, new OpusConfiguration(2)));
  t.same(readInitializationSegment(opus), {
    kind: 'audio',
    codecs: 'opus',
    timescale: 48_000,
    channels: 2,
  });
  const sets = new H264ParameterSets();
  sets.strip([SPS, PPS]);
  const configuration = sets.current()!;
  const { width, height } = configuration;
  t.same(readInitializationSegment(initializationSegment(trackFormat(mp4, configuration))), {
    ...{ kind: 'video', codecs: 'avc1.42c01f', timescale: 90_000, width, height },
  });
  const reordered = initializationSegment(
    trackFormat(mp4, configuration, { compositionDelay: 18_000 }),
  );
  t.match(readInitializationSegment(reordered), { width, height, compositionDelay: 18_000 });
});

t.test('cut or changed anywhere it is something else or nothing', async (t) => {
  const whole = initializationSegment(trackFormat(mp4, new OpusConfiguration(2)));
  for (let length = 0; length < whole.length; length++) {
    readInitializationSegment(whole.subarray(0, length));
    for (const value of [0, 0x7f, 0xff]) {
      const changed = Buffer.from(whole);
      changed[length] = value;
      readInitializationSegment(changed);
    }
  }
  t.equal(readInitializationSegment(Buffer.alloc(0)), undefined);
});

t.test('boxes within boxes take no stack', async (t) => {
  const depth = 100_000;
  const nested = Buffer.alloc(depth * 8);
  for (let level = 0; level < depth; level++) {
    nested.writeUInt32BE((depth - level) * 8, level * 8);
    nested.write('moov', level * 8 + 4);
  }
  t.equal(readInitializationSegment(nested), undefined);
});
