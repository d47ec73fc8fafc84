import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultReaderConfig, findIsoBox, readIsoBoxes } from '@svta/cml-iso-bmff';
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import t from 'tap';
import { NOT_REORDERED } from '../../../src/codecs/configuration.ts';
import { H264Configuration } from '../../../src/codecs/h264/configuration.ts';
import { H264ParameterSets } from '../../../src/codecs/h264/parameter-sets.ts';
import { OpusConfiguration } from '../../../src/codecs/opus/configuration.ts';
import { mp4 } from '../../../src/containers/mp4/container.ts';
import { initializationSegment } from '../../../src/containers/mp4/initialization-segment.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import { nalType } from '../../publisher/annex-b.ts';
import {
  audioSamples,
  encodeH264,
  encodeOpus,
  requireFfmpeg,
  run,
  segment,
  videoSamples,
} from './encoded-media.ts';

/** Payload of the first box of a type, found by its name: for leaves with an unmistakable one. */
function leaf(bytes: Buffer, type: string): Buffer {
  const at = bytes.indexOf(type, 0, 'latin1');
  if (at < 4) throw new Error(`no ${type}`);
  return bytes.subarray(at + 4, at - 4 + bytes.readUInt32BE(at - 4));
}

/** Fields of the first box of a type, read by the library. */
function fields(bytes: Buffer, type: string): Record<string, unknown> {
  const boxes = readIsoBoxes(bytes, defaultReaderConfig());
  const found = findIsoBox(boxes, (box) => box.type === type);
  if (found === null || found === undefined) throw new Error(`no ${type}`);
  return found as unknown as Record<string, unknown>;
}

for (const [profile, pixelFormat] of [
  ['baseline', 'yuv420p'],
  ['high', 'yuv420p'],
  ['high422', 'yuv422p10le'],
] as const) {
  t.test(`H264 ${profile}: the avcC is the one that ffmpeg writes`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    const folder = t.testdir();
    const { file, units } = await encodeH264(folder, {
      width: 642,
      height: 362,
      frames: 10,
      keyframeInterval: 10,
      encoder: ['-profile:v', profile, '-pix_fmt', pixelFormat],
    });
    const sets = new H264ParameterSets();
    const samples = videoSamples(units, 0, sets);
    const configuration = sets.current()!;
    const bytes = initializationSegment(trackFormat(mp4, configuration));
    const theirs = join(folder, 'theirs.mp4');
    await run('ffmpeg', ['-v', 'error', '-i', file, '-c', 'copy', theirs]);
    t.same(leaf(bytes, 'avcC'), leaf(await readFile(theirs), 'avcC'));

    t.same(
      configuration.sps,
      units[0]!.filter((unit) => nalType(unit) === 7),
    );
    t.same(initializationSegment(trackFormat(mp4, configuration)), bytes, 'same bytes every time');

    // mediabunny as a reader that had no part in the writing.
    const media = Buffer.concat([bytes, segment('video', samples, 10)]);
    const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(media) });
    const track = (await input.getPrimaryVideoTrack())!;
    t.equal(await track.getCodecParameterString(), configuration.codecString);
    t.equal((await track.computePacketStats()).packetCount, 10);
    input.dispose();
  });
}

t.test('H264: boxes', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const encoded = { width: 642, height: 362, frames: 1, keyframeInterval: 1 };
  const { units } = await encodeH264(t.testdir(), encoded);
  const sets = new H264ParameterSets();
  sets.strip(units[0]!);
  const bytes = initializationSegment(trackFormat(mp4, sets.current()!));
  t.match(fields(bytes, 'ftyp'), { compatibleBrands: ['iso6', 'cmfc', 'dash', 'mp41'] });
  t.match(fields(bytes, 'mvhd'), { timescale: 90_000, duration: 0, nextTrackId: 2 });
  t.match(fields(bytes, 'tkhd'), { flags: 3, trackId: 1, duration: 0, width: 642, height: 362 });
  t.match(fields(bytes, 'mdhd'), { timescale: 90_000, duration: 0, language: 'und' });
  t.match(fields(bytes, 'hdlr'), { handlerType: 'vide' });
  t.match(fields(bytes, 'trex'), { trackId: 1, defaultSampleDescriptionIndex: 1 });
  const matrix = leaf(bytes, 'tkhd').subarray(40, 76);
  t.equal(
    matrix.toString('hex'),
    '00010000'.concat('00000000'.repeat(3), '00010000', '00000000'.repeat(3), '40000000'),
    'unity matrix (ISO/IEC 14496-12 §8.3.2.2)',
  );
});

t.test('H264: pictures that are reordered begin after the delay of their offsets', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const encoded = { width: 320, height: 180, frames: 2, keyframeInterval: 2 };
  const { units } = await encodeH264(t.testdir(), encoded);
  const sets = new H264ParameterSets();
  sets.strip(units[0]!);
  t.notOk(initializationSegment(trackFormat(mp4, sets.current()!)).includes('edts'));
  const bytes = initializationSegment(
    trackFormat(mp4, sets.current()!, { compositionDelay: 9000 }),
  );
  t.match(fields(bytes, 'elst'), {
    entryCount: 1,
    entries: [{ segmentDuration: 0, mediaTime: 9000, mediaRateInteger: 1, mediaRateFraction: 0 }],
  });
});

t.test('H264: a configuration that cannot be written', async (t) => {
  const facts = { codecString: 'avc1.42c01f', width: 16, height: 16, reordering: NOT_REORDERED };
  const sps = Buffer.from('6742c01fda0101', 'hex');
  for (const sets of [
    { sps: [], pps: [sps] },
    { sps: [Buffer.from([0x67])], pps: [sps] },
    { sps: [sps], pps: [] },
  ]) {
    const configuration = new H264Configuration(facts, sets.sps, sets.pps);
    t.throws(() => initializationSegment(trackFormat(mp4, configuration)), RangeError);
  }
  const wide = new H264Configuration({ ...facts, width: 70_000 }, [sps], [sps]);
  t.throws(() => initializationSegment(trackFormat(mp4, wide)), RangeError);
});

for (const channels of [1, 2] as const) {
  t.test(`Opus, ${channels} channel(s)`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    const bytes = initializationSegment(trackFormat(mp4, new OpusConfiguration(channels)));
    const specific = leaf(bytes, 'dOps');
    t.equal(specific.length, 11);
    t.equal(specific[0], 0, 'version');
    t.equal(specific[1], channels);
    t.equal(specific.readUInt16BE(2), 0, 'pre-skip');
    t.equal(specific.readUInt32BE(4), 48_000);
    t.equal(specific.readInt16BE(8), 0, 'gain');
    t.equal(specific[10], 0, 'mapping family');
    t.match(fields(bytes, 'mdhd'), { timescale: 48_000, duration: 0 });
    t.match(fields(bytes, 'hdlr'), { handlerType: 'soun' });
    t.match(fields(bytes, 'tkhd'), { volume: 1, width: 0 });
    t.same(
      initializationSegment(trackFormat(mp4, new OpusConfiguration(channels))),
      bytes,
      'same bytes every time',
    );

    const folder = t.testdir();
    const { packets } = await encodeOpus(folder, { channels, packets: 10 });
    const media = Buffer.concat([bytes, segment('audio', audioSamples(packets, 0), 10)]);
    const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(media) });
    const track = (await input.getPrimaryAudioTrack())!;
    t.equal(await track.getCodecParameterString(), 'opus');
    t.equal(await track.getNumberOfChannels(), channels);
    t.equal((await track.computePacketStats()).packetCount, 10);
    input.dispose();
  });
}
