import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BitReader, removeEmulationPrevention } from '../../src/codecs/bit-reader.ts';
import { H264ParameterSets } from '../../src/codecs/h264/parameter-sets.ts';
import { parseSequenceParameterSet } from '../../src/codecs/h264/sps.ts';
import { mp4 } from '../../src/containers/mp4/container.ts';
import { initializationSegment } from '../../src/containers/mp4/initialization-segment.ts';
import { readInitializationSegment } from '../../src/containers/mp4/initialization-segment-reader.ts';
import { trackFormat } from '../../src/containers/track-format.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const MOST_UNITS = 256;
const MOST_BYTES = 4096 * (32 + 256);

/** One parameter set as it is, then access units of NAL units; what is kept can be written and read. */
export const target: FuzzTarget = {
  covers: [
    'src/codecs/bit-reader.ts',
    'src/codecs/video-usability.ts',
    'src/codecs/h264/parameter-sets.ts',
    'src/codecs/h264/reordering.ts',
    'src/codecs/h264/sps.ts',
    'src/codecs/h264/configuration.ts',
    'src/codecs/h264/decoder-configuration-record.ts',
    'src/containers/mp4/initialization-segment.ts',
  ],
  maxBytes: 65_535,
  seeds,
  async run(input) {
    checkBits(input);
    const parsed = parseSequenceParameterSet(input);
    if (parsed !== undefined) {
      must(parsed.id >= 0 && parsed.id <= 31, 'an identifier is below 32');
      must(/^avc1\.[0-9a-f]{6}$/.test(parsed.codecString), 'the codec is one');
      for (const side of [parsed.width, parsed.height]) {
        must(Number.isInteger(side) && side >= 1 && side <= 16 * 1055, 'a picture has a size');
      }
      for (const depth of [parsed.lumaBitDepth, parsed.chromaBitDepth]) {
        must(depth >= 8 && depth <= 14, 'a sample has 8 to 14 bits');
      }
      const { most } = parsed.reordering;
      must(Number.isInteger(most) && most >= 0 && most <= 16, 'a decoder holds 16 pictures');
    }
    await checkSets(new Decisions(input));
  },
};

/** The parameter sets of a real stream, alone and as access units. */
function seeds(): Buffer[] {
  const stream = readFileSync(
    join(import.meta.dirname, '../../test/fixtures/flash-and-beep.h264'),
  ).subarray(0, 4096);
  const units: Buffer[] = [];
  let start = stream.indexOf('000001', 0, 'hex') + 3;
  while (units.length < 4) {
    const next = stream.indexOf('000001', start, 'hex');
    if (next < 0) break;
    units.push(stream.subarray(start, Math.min(next, start + 64)));
    start = next + 3;
  }
  const program = units.flatMap((unit) => [Buffer.of(0, unit.length), unit]);
  const high = '67640020acd9405005bb016a02020280000003008000001e478c18cb';
  return [...units, Buffer.concat(program), Buffer.from(high, 'hex')];
}

function checkBits(input: Buffer): void {
  const plain = removeEmulationPrevention(input);
  must(plain.length <= input.length, 'taking bytes out makes nothing longer');
  must(plain.length * 3 >= input.length * 2 - 2, 'one byte in three is taken out at most');
  const bits = new BitReader(input);
  for (let codes = 0; codes < 64 && !bits.exhausted; codes++) {
    const code = bits.readUnsigned();
    must(code >= 0 && code < 2 ** 32, 'a code has 32 bits');
    bits.readSigned();
  }
}

async function checkSets(decisions: Decisions): Promise<void> {
  const sets = new H264ParameterSets();
  let units = 0;
  while (!decisions.done && units < MOST_UNITS) {
    const parts: Buffer[] = [];
    const how = decisions.byte();
    for (let count = 1 + (how & 3); count > 0; count--) parts.push(decisions.block());
    units += parts.length;
    const kept = sets.strip(parts);
    let at = -1;
    for (const part of kept) {
      const next = parts.indexOf(part, at + 1);
      must(next > at, 'what is kept is in order');
      at = next;
      const type = part[0]! & 0x1f;
      must(part.length > 0 && type !== 7 && type !== 8 && type !== 9, 'no parameter set is kept');
    }
    if ((how & 0xf0) === 0xf0) sets.reset();
    if ((how & 0x0c) === 0x0c) await checkCurrent(sets);
  }
  await checkCurrent(sets);
  must(sets.rejected <= units, 'a unit is rejected once');
}

async function checkCurrent(sets: H264ParameterSets): Promise<void> {
  const configuration = sets.current();
  must(!sets.changed, 'the news has been told');
  if (configuration === undefined) return;
  const { sps, pps, codecString, width, height } = configuration;
  const bytes = [...sps, ...pps].reduce((sum, { length }) => sum + length, 0);
  must(bytes <= MOST_BYTES, 'what is kept has a bound');
  must(pps.length >= 1 && pps.length <= 255 && sps.length === 1, 'the record can count them');
  must(configuration.equals(sets.current()!), 'a configuration is the same as itself');
  const segment = initializationSegment(trackFormat(mp4, configuration));
  must(segment.length <= bytes + 4096, 'an initialization segment is small');
  const facts = readInitializationSegment(segment);
  must(facts?.codecs === codecString, 'the codec is read back');
  must(facts?.width === width && facts?.height === height, 'the size is read back');
}
