import { pcma, pcmu } from '../../src/codecs/g711/codec.ts';
import { multiopus } from '../../src/codecs/multiopus/codec.ts';
import { MultiopusConfiguration } from '../../src/codecs/multiopus/configuration.ts';
import { multistreamDuration } from '../../src/codecs/multiopus/multistream.ts';
import { opusPacketDuration } from '../../src/codecs/opus/toc.ts';
import { readConfiguration } from '../../src/codecs/registry.ts';
import { type FuzzTarget, must } from '../target.ts';

/** What sound becomes in files, and what is read back of it: FLAC of G.711, Opus of several streams. */
export const target: FuzzTarget = {
  covers: [
    'src/codecs/flac/frame-writer.ts',
    'src/codecs/flac/predictor.ts',
    'src/codecs/flac/frame-header.ts',
    'src/codecs/g711/sound-reader.ts',
    'src/codecs/g711/configuration.ts',
    'src/codecs/multiopus/multistream.ts',
    'src/codecs/multiopus/configuration.ts',
    'src/codecs/multiopus/channel-mapping.ts',
  ],
  maxBytes: 4096,
  seeds: () => [
    Buffer.alloc(160, 0xff),
    Buffer.from('ff1f3f5f7f9fbfdf00204060', 'hex'),
    Buffer.from('fff97408009fff00', 'hex'),
    Buffer.from('fc02fffefc02fffef802fffef8fffe', 'hex'),
    Buffer.from('ff020202fffefffef8fffe', 'hex'),
    Buffer.from('000600000000bb800000010402000401020305', 'hex'),
  ],
  run(input) {
    for (const codec of [pcmu, pcma]) {
      codec.sampleProblem(input, true);
      if (input.length === 0) continue;
      const reader = codec.createReader([]);
      const parts = reader.toSample({
        ...{ codec: codec.name, rtpTimestamp: 0, arrivalUs: 0, keyframe: true },
        ...{ discontinuity: false, parts: [input] },
      });
      must(reader.durationOf(parts) === input.length, 'a frame is as long as its packet');
      must(codec.sampleProblem(Buffer.concat(parts), true) === undefined, 'and whole');
      must(Buffer.concat(parts).length <= 2 * input.length + 16, 'and no longer than its samples');
    }

    for (let streams = 1; streams <= 8; streams++) {
      const duration = multistreamDuration(input, streams);
      must(duration === undefined || duration > 0, 'a packet has sound');
      if (duration !== undefined)
        must(multiopus.sampleProblem(input, true) === undefined, 'and passes');
    }
    must(multistreamDuration(input, 1) === opusPacketDuration(input), 'one stream is plain Opus');

    const entry = { container: 'mp4', type: 'Opus', width: 0, height: 0, channels: 6 } as const;
    const read = readConfiguration({ ...entry, record: () => input });
    if (read instanceof MultiopusConfiguration) {
      const { data } = read.sampleEntry('mp4').record!;
      must(data.subarray(10).equals(input.subarray(10)), 'a mapping is written as it was read');
      const silence = Buffer.concat(read.silence.parts(read.silence.duration));
      must(
        multistreamDuration(silence, read.mapping.streams) === 960,
        'its silence has its streams',
      );
    }
  },
};
