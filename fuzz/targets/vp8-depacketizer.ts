import { readVp8Configuration } from '../../src/codecs/vp8/configuration.ts';
import { Vp8Depacketizer } from '../../src/codecs/vp8/depacketizer.ts';
import { Decisions } from '../decisions.ts';
import {
  bytesOf,
  type Create,
  checkAnyPackets,
  checkRoundTrip,
  type SentUnit,
} from '../depacketizing.ts';
import { type FuzzTarget, must } from '../target.ts';

const create: Create = (emit) => new Vp8Depacketizer(emit);
const keyFrameHeader = Buffer.of(0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x40, 1, 0xf0, 0);

/** Payloads of any kind, then real frames cut up and sent with and without loss. */
export const target: FuzzTarget = {
  covers: ['src/codecs/vp8', 'src/codecs/frame-builder.ts', 'src/codecs/leading-bytes.ts'],
  maxBytes: 65_535,
  seeds: () => [
    Buffer.from(
      '000b1010020 09d012a4001f000 0705 0190f08123052000010203'.replaceAll(' ', ''),
      'hex',
    ),
    Buffer.from('01051011020304190590801102030107001122', 'hex'),
  ],
  run(input) {
    checkAnyPackets(create, new Decisions(input), (unit) => {
      const isKey = (bytesOf(unit)[0]! & 1) === 0;
      must(unit.keyframe === isKey, 'a keyframe is a key frame');
      must(!isKey || readVp8Configuration(unit.parts) !== undefined, 'a key frame says its size');
    });
    checkRoundTrip(create, new Decisions(input), false, makeUnit);
    checkRoundTrip(create, new Decisions(input), true, makeUnit);
  },
};

function makeUnit(decisions: Decisions): SentUnit {
  const isKey = (decisions.byte() & 3) === 0;
  const head = isKey ? keyFrameHeader : Buffer.of(0x11 | decisions.byte());
  const bytes = Buffer.concat([head, decisions.block().subarray(0, 8192)]);
  const payloads: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 1 + (decisions.byte() & 0x3f));
    payloads.push(Buffer.concat([descriptor(at === 0, decisions), piece]));
    at += piece.length;
  }
  return { payloads, bytes };
}

/** A payload descriptor (RFC 7741 §4.2) of any length. */
function descriptor(begins: boolean, decisions: Decisions): Buffer {
  const how = decisions.byte();
  const first = begins ? 0x10 : [0, 1, 0x11, 2][how & 3]!;
  if ((how & 0x08) === 0) return Buffer.of(first);
  const bytes = [0x80 | first, how & 0xf0];
  if (how & 0x80) bytes.push(...(how & 4 ? [0x80 | decisions.byte(), 0x23] : [0x23]));
  if (how & 0x40) bytes.push(7);
  if (how & 0x30) bytes.push(decisions.byte());
  return Buffer.from(bytes);
}
