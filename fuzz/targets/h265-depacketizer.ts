import { H265Depacketizer } from '../../src/codecs/h265/depacketizer.ts';
import { aggregate, fragments, packetizeUnit } from '../../test/codecs/h265/packetize.ts';
import { Decisions } from '../decisions.ts';
import { type Create, checkAnyPackets, checkRoundTrip, type SentUnit } from '../depacketizing.ts';
import { type FuzzTarget, must } from '../target.ts';

const format = { payloadType: 96, codec: 'h264' as const, clockRate: 90_000, parameters: {} };
const create: Create = (emit) => new H265Depacketizer(format, emit);
const sequence = Buffer.of(0x42, 1, 1, 2, 3);
const idr = Buffer.of(0x26, 1, 0x80, 1, 2, 3);

/** Payloads of any kind, then real access units cut up and sent with and without loss. */
export const target: FuzzTarget = {
  covers: [
    'src/codecs/h265/depacketizer.ts',
    'src/codecs/h265/leading-pictures.ts',
    'src/codecs/h265/nal-unit.ts',
    'src/codecs/nal-access-unit-builder.ts',
    'src/codecs/nal-depacketizer.ts',
  ],
  maxBytes: 65_535,
  seeds: () => [
    packetsOf([aggregate([sequence, idr])]),
    packetsOf([sequence, ...fragments(idr, 2), ...fragments(idr, 1)]),
    packetsOf([Buffer.of(0x2a, 1, 0x80, 1), Buffer.of(0x12, 1, 0x80, 1), Buffer.of(0x48, 1)]),
  ],
  run(input) {
    checkAnyPackets(create, new Decisions(input), (unit) => {
      const types = unit.parts.map((part) => (part[0]! >> 1) & 0x3f);
      must(
        types.every((type) => type < 48),
        'each part is a single NAL unit',
      );
      must(
        types.some((type) => type < 32),
        'a unit has a picture',
      );
      const hasKey = types.some((type) => type >= 16 && type <= 23);
      must(unit.keyframe === hasKey, 'a keyframe is a picture that decoding can start with');
    });
    checkRoundTrip(create, new Decisions(input), false, makeUnit);
    checkRoundTrip(create, new Decisions(input), true, makeUnit);
  },
};

/** The input that pushes these payloads, the last of each three with a marker. */
function packetsOf(payloads: readonly Buffer[]): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload, at) => [Buffer.of(at % 3 === 2 ? 1 : 0, payload.length), payload]),
  );
}

/** Slices alone: what stands before the first may be lost without that being seen. */
function makeUnit(decisions: Decisions): SentUnit {
  const how = decisions.byte();
  const type = [0, 1, 6, 19, 20, 21, 16, 7][how & 7]!;
  const parts: Buffer[] = [];
  for (let at = 0; at <= how >> 6; at++) {
    const head = Buffer.of(type << 1, 1, at === 0 ? 0x80 : 0x40);
    parts.push(Buffer.concat([head, decisions.block().subarray(0, 4096)]));
  }
  const payloads = packetizeUnit(parts, 512, () => decisions.byte());
  return { payloads, bytes: Buffer.concat(parts) };
}
