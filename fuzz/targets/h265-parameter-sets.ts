import { readH265SampleEntry } from '../../src/codecs/h265/configuration.ts';
import { H265ParameterSets } from '../../src/codecs/h265/parameter-sets.ts';
import { recoveryPictures } from '../../src/codecs/h265/recovery-point.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const VPS = '40010c01ffff01600000030090000003000003003c928090';
const SPS = '42010101600000030090000003000003003ca00a080b9f7964a924caf0168080000003008000000f04';
const PPS = '4401c172b46240';

/** NAL units of pictures, among them parameter sets and SEI messages of any kind. */
export const target: FuzzTarget = {
  covers: [
    'src/codecs/h265/configuration.ts',
    'src/codecs/h265/decoder-configuration-record.ts',
    'src/codecs/h265/parameter-sets.ts',
    'src/codecs/h265/profile-tier-level.ts',
    'src/codecs/h265/recovery-point.ts',
    'src/codecs/h265/sps.ts',
    'src/codecs/video-usability.ts',
  ],
  maxBytes: 16_384,
  seeds: () => [
    blocks(VPS, SPS, PPS, '28018080'),
    blocks('4e010601c080', PPS, '020180'),
    blocks('4e0106014080', '460150', '2601a0'),
  ],
  run(input) {
    const decisions = new Decisions(input);
    const sets = new H265ParameterSets();
    const parts: Buffer[] = [];
    while (!decisions.done) {
      const how = decisions.byte();
      const part = decisions.block();
      if (part.length >= 2) parts.push(part);
      const kept = sets.strip([part]);
      must(
        kept.every((nal) => nal.length >= 2),
        'nothing empty is kept',
      );
      if ((how & 1) === 1 && part.length >= 2) sets.startAt([part]);
      checkConfiguration(sets);
    }
    const pictures = recoveryPictures(parts);
    must(
      pictures === undefined || (pictures >= 0 && pictures < 32_768),
      'a count of pictures is one',
    );
  },
};

function blocks(...nalUnits: string[]): Buffer {
  return Buffer.concat(
    nalUnits.flatMap((hex) => [Buffer.of(0, hex.length / 2), Buffer.from(hex, 'hex')]),
  );
}

function checkConfiguration(sets: H265ParameterSets): void {
  const configuration = sets.current();
  must(!sets.changed, 'a change is told once');
  if (configuration === undefined) return;
  const { width, height, codecString, bitDepth, reordering } = configuration;
  must(width > 0 && height > 0 && width * height < 2 ** 28, 'a picture has a size');
  must(/^hvc1\.[ABC]?\d+\.[\dA-F]+\.[LH]\d+(\.[\dA-F]+)*$/.test(codecString), 'a codec string');
  must(bitDepth >= 8 && bitDepth <= 16, 'a bit depth');
  must(reordering.most <= 15, 'pictures are reordered by so many at most');
  const record = configuration.sampleEntry('mp4').record!.data;
  const entry = { container: 'mp4', type: 'hvc1', width, height, channels: 0 } as const;
  const read = readH265SampleEntry({ ...entry, record: () => record });
  must(read?.equals(configuration) === true, 'it is read back as it was');
  must(record[0] === 1 && record[22] === 3, 'a record of three arrays');
  must(configuration.equals(configuration), 'a configuration equals itself');
}
