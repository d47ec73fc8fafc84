import { readVp9Configuration } from '../../src/codecs/vp9/configuration.ts';
import { Vp9Depacketizer } from '../../src/codecs/vp9/depacketizer.ts';
import { packetizeLayer } from '../../test/codecs/vp9/packetize.ts';
import { Decisions } from '../decisions.ts';
import {
  bytesOf,
  type Create,
  checkAnyPackets,
  checkRoundTrip,
  type SentUnit,
} from '../depacketizing.ts';
import { type FuzzTarget, must } from '../target.ts';

const create: Create = (emit) => new Vp9Depacketizer(emit);
const keyFrame = Buffer.from('824983420013f00b36', 'hex');

/** Payloads of any kind, then real frames cut up and sent with and without loss. */
export const target: FuzzTarget = {
  covers: ['src/codecs/vp9', 'src/codecs/leading-bytes.ts'],
  maxBytes: 65_535,
  seeds: () => [
    // Two layers, a key frame and one that says its size, then two that do not.
    Buffer.from(
      '000c2c0007824983420013f00b36010f2c030787ff0000027f0167000102' +
        '18082c000787ff00008fff000000190c2c030786ff00008fff00000000',
      'hex',
    ),
    Buffer.from('01100c824983420013f00b3601020318060cff87010219040d8501', 'hex'),
    Buffer.from('0105090001020304050607080910203040506070809000a0b0c0d0e0f0', 'hex'),
  ],
  run(input) {
    checkAnyPackets(
      create,
      new Decisions(input),
      (unit) => {
        must(bytesOf(unit).length > 0, 'a unit is not empty');
        const isDescribed = readVp9Configuration(unit.parts) !== undefined;
        must(!unit.keyframe || isDescribed, 'a key frame says its size');
      },
      // An index of eight frames, and a bit for each of them.
      50,
    );
    checkRoundTrip(create, new Decisions(input), false, makeUnit);
    checkRoundTrip(create, new Decisions(input), true, makeUnit);
  },
};

function makeUnit(decisions: Decisions): SentUnit {
  const isKey = (decisions.byte() & 3) === 0;
  const head = isKey ? keyFrame : Buffer.of(0x85);
  const bytes = Buffer.concat([head, decisions.block().subarray(0, 4096)]);
  const layer = { spatialId: 0, dependsOnLower: false, isPredicted: !isKey };
  const told = (decisions.byte() & 1) === 0 ? undefined : layer;
  return { payloads: packetizeLayer(bytes, told, 512, () => decisions.byte()), bytes };
}
