import type { PayloadFormat } from '../../src/media/payload-format.ts';
import type { RtpPacket } from '../../src/media/rtp-packet.ts';

/** A packet with the fields a test cares about and plain values for the others. */
export function makePacket(fields: Partial<RtpPacket> = {}): RtpPacket {
  return {
    ssrc: 0x1234,
    payloadType: 96,
    sequenceNumber: 1,
    timestamp: 90_000,
    marker: false,
    arrivalUs: 1_700_000_000_000_000,
    payload: Buffer.of(0x41, 0x9a, 1, 2, 3),
    ...fields,
  };
}

export const H264_FORMAT: PayloadFormat = {
  payloadType: 96,
  codec: 'h264',
  clockRate: 90_000,
  parameters: { 'packetization-mode': '1', 'profile-level-id': '42e01f' },
};

export const OPUS_FORMAT: PayloadFormat = {
  payloadType: 111,
  codec: 'opus',
  clockRate: 48_000,
  channels: 2,
  parameters: {},
};

export const RTX_FORMAT: PayloadFormat = {
  payloadType: 97,
  codec: 'rtx',
  clockRate: 90_000,
  parameters: { apt: '96' },
  retransmits: 96,
};

/** Random numbers from 0 to below 1 that are the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The payloads for one NAL unit: itself, or FU-A fragments (RFC 6184 §5.8) of at most `size`. */
export function packetizeNalUnit(nalUnit: Buffer, size = 1200): Buffer[] {
  if (nalUnit.length <= size) return [nalUnit];
  const payloads: Buffer[] = [];
  for (let offset = 1; offset < nalUnit.length; offset += size - 2) {
    const part = nalUnit.subarray(offset, offset + size - 2);
    const start = offset === 1 ? 0x80 : 0;
    const end = offset + part.length === nalUnit.length ? 0x40 : 0;
    const header = nalUnit[0]!;
    payloads.push(
      Buffer.concat([Buffer.of((header & 0xe0) | 28, start | end | (header & 0x1f)), part]),
    );
  }
  return payloads;
}

/** One STAP-A payload (RFC 6184 §5.7.1) of these NAL units. */
export function aggregate(nalUnits: Buffer[]): Buffer {
  const chunks: Buffer[] = [Buffer.of(0x60 | 24)];
  for (const nalUnit of nalUnits) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(nalUnit.length);
    chunks.push(length, nalUnit);
  }
  return Buffer.concat(chunks);
}

/** A retransmission packet (RFC 4588 §4) of `original`. */
export function retransmit(original: RtpPacket, sequenceNumber: number, ssrc = 0x5678): RtpPacket {
  const osn = Buffer.alloc(2);
  osn.writeUInt16BE(original.sequenceNumber);
  return {
    ...original,
    ssrc,
    payloadType: RTX_FORMAT.payloadType,
    sequenceNumber,
    payload: Buffer.concat([osn, original.payload]),
  };
}
