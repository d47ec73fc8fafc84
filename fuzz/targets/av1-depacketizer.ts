import { readAv1Configuration } from '../../src/codecs/av1/configuration.ts';
import { Av1Depacketizer } from '../../src/codecs/av1/depacketizer.ts';
import { readObuHeader } from '../../src/codecs/av1/obu.ts';
import { packetizeObus, withoutSize, withSize } from '../../test/codecs/av1/packetize.ts';
import { Decisions } from '../decisions.ts';
import {
  bytesOf,
  type Create,
  checkAnyPackets,
  checkRoundTrip,
  type SentUnit,
} from '../depacketizing.ts';
import { type FuzzTarget, must } from '../target.ts';

const create: Create = (emit) => new Av1Depacketizer(emit);
const sequence = Buffer.from('08000000043cfeccdaf90040', 'hex');
/** Delimiter, tile list, padding: what is left out. */
const leftOut = [0x10, 0x40, 0x78];

/** Payloads of any kind, then real temporal units cut up and sent with and without loss. */
export const target: FuzzTarget = {
  covers: ['src/codecs/av1', 'src/codecs/frame-builder.ts', 'src/codecs/leading-bytes.ts'],
  maxBytes: 65_535,
  seeds: () => [
    Buffer.from('0113000c08000000043cfeccdaf90040043010010200', 'hex'),
    Buffer.from('000650033010010201059010203040', 'hex'),
    Buffer.from('01002010000504030201000102030405000102', 'hex'),
  ],
  run(input) {
    checkAnyPackets(
      create,
      new Decisions(input),
      (unit) => {
        checkSample(bytesOf(unit));
        must(!unit.keyframe || readAv1Configuration(unit.parts) !== undefined, 'a size is known');
      },
      // A packet of 65 KB may hold that many OBUs, each of which gets a size.
      65_535,
    );
    checkRoundTrip(create, new Decisions(input), false, makeUnit);
    checkRoundTrip(create, new Decisions(input), true, makeUnit);
  },
};

/** A sample is a sequence of OBUs with sizes, of which one is a frame. */
function checkSample(sample: Buffer): void {
  let hasFrame = false;
  let at = 0;
  while (at < sample.length) {
    const header = readObuHeader(sample, at);
    must(header?.size !== undefined, 'an OBU has a size');
    must(![2, 8, 15].includes(header.type), 'no delimiter, tile list or padding');
    hasFrame ||= header.type === 3 || header.type === 6;
    at += header.bytes + header.size;
  }
  must(at === sample.length, 'the last OBU ends with the sample');
  must(hasFrame, 'a unit has a frame');
}

/** A temporal unit that cannot lose an OBU without that being seen: each has one that counts. */
function makeUnit(decisions: Decisions): SentUnit {
  const how = decisions.byte();
  const obus: Buffer[] = [];
  if (how & 1) obus.push(Buffer.of(leftOut[how % 3]!, how));
  const frame = Buffer.concat([Buffer.of(0x30, 0x30), decisions.block().subarray(0, 4096)]);
  if ((how & 6) === 6) {
    frame[1] = 0x10;
    obus.push(sequence);
  }
  obus.push(frame);
  const isLeftOut = (obu: Buffer) => leftOut.includes(obu[0]! & 0x78);
  const bytes = Buffer.concat(obus.filter((obu) => !isLeftOut(obu)).map(withSize));
  const sent = obus.map((obu) => ((how & 8) !== 0 ? withSize(obu) : withoutSize(obu)));
  return { payloads: packetizeObus(sent, 512, () => decisions.byte()), bytes };
}
