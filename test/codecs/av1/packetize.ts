import {
  leb128Bytes,
  OBU_TYPE,
  readObuHeader,
  writeLeb128,
  writeObuHeader,
} from '../../../src/codecs/av1/obu.ts';

/** The OBUs of a temporal unit as it is stored, each with a size field. */
export function obusOf(unit: Buffer): Buffer[] {
  const obus: Buffer[] = [];
  for (let at = 0; at < unit.length; ) {
    const header = readObuHeader(unit, at)!;
    const end = at + header.bytes + header.size!;
    obus.push(unit.subarray(at, end));
    at = end;
  }
  return obus;
}

/** An OBU with a size field of the shortest form. */
export function withSize(obu: Buffer): Buffer {
  const { bytes, bytesWithoutSize } = readObuHeader(obu)!;
  const payload = obu.subarray(bytes);
  const head = Buffer.alloc(bytesWithoutSize + leb128Bytes(payload.length));
  writeObuHeader(head, obu, payload.length);
  return Buffer.concat([head, payload]);
}

/** The OBU without a size field, as it is sent. */
export function withoutSize(obu: Buffer): Buffer {
  const { bytes, bytesWithoutSize } = readObuHeader(obu)!;
  const head = Buffer.from(obu.subarray(0, bytesWithoutSize));
  head[0]! &= ~0x02;
  return Buffer.concat([head, obu.subarray(bytes)]);
}

/** A temporal unit as an MP4 sample has it. */
export function asSample(unit: Buffer): Buffer {
  const left: number[] = [OBU_TYPE.temporalDelimiter, OBU_TYPE.tileList, OBU_TYPE.padding];
  const kept = obusOf(unit).filter((obu) => !left.includes(readObuHeader(obu)!.type));
  return Buffer.concat(kept.map(withSize));
}

/**
 * The RTP payloads of OBUs (RTP Payload Format For AV1 §4.4), with as many elements in each, and OBUs
 * cut up as often, as chance has it.
 *
 * @param obus as they are sent
 * @param mostBytes of a payload, beside the lengths in it
 * @param next gives numbers from 0 to 255
 */
export function packetizeObus(
  obus: readonly Buffer[],
  mostBytes: number,
  next: () => number,
): Buffer[] {
  const payloads: Buffer[] = [];
  let obu = 0;
  let offset = 0;
  while (obu < obus.length) {
    const continues = offset > 0;
    const elements: Buffer[] = [];
    let room = 1 + (((next() << 8) | next()) % mostBytes);
    while (obu < obus.length && room > 0) {
      const element = obus[obu]!.subarray(offset, offset + room);
      elements.push(element);
      room -= element.length;
      offset += element.length;
      if (offset < obus[obu]!.length) break;
      obu++;
      offset = 0;
      if ((next() & 3) === 0) break;
    }
    payloads.push(payloadOf(elements, continues, offset > 0, next));
  }
  return payloads;
}

function payloadOf(
  elements: readonly Buffer[],
  continues: boolean,
  continued: boolean,
  next: () => number,
): Buffer {
  const count = elements.length > 3 || (next() & 1) === 0 ? 0 : elements.length;
  const chunks: Buffer[] = [
    Buffer.of((continues ? 0x80 : 0) | (continued ? 0x40 : 0) | (count << 4)),
  ];
  for (const [at, element] of elements.entries()) {
    if (at + 1 !== count) {
      const length = Buffer.alloc(leb128Bytes(element.length));
      writeLeb128(length, 0, element.length);
      chunks.push(length);
    }
    chunks.push(element);
  }
  return Buffer.concat(chunks);
}
