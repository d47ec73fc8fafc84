import { nalType } from './annex-b.ts';

const STAP_A = 24;
const FU_A = 28;
/** Header of a STAP-A: one byte, then two bytes of size before each unit (RFC 6184 §5.7.1). */
const SIZE_BYTES = 2;

/**
 * RTP payloads of one access unit in packetization mode 1 (RFC 6184 §5.6 to §5.8): parameter sets and
 * SEI in a STAP-A, what is longer than `maxPayload` in FU-As, the rest as single NAL units. The marker
 * bit belongs on the packet of the last one.
 * @param maxPayload bytes
 */
export function packetizeAccessUnit(units: Buffer[], maxPayload = 1200): Buffer[] {
  const payloads: Buffer[] = [];
  let aggregate: Buffer[] = [];
  const flush = (): void => {
    if (aggregate.length === 1) payloads.push(aggregate[0]!);
    else if (aggregate.length > 1) payloads.push(stapA(aggregate));
    aggregate = [];
  };
  for (const unit of units) {
    const type = nalType(unit);
    const size = 1 + aggregate.reduce((sum, one) => sum + SIZE_BYTES + one.length, 0);
    if (type >= 6 && type <= 8 && size + SIZE_BYTES + unit.length <= maxPayload) {
      aggregate.push(unit);
      continue;
    }
    flush();
    if (unit.length <= maxPayload) payloads.push(unit);
    else payloads.push(...fragments(unit, maxPayload));
  }
  flush();
  return payloads;
}

function stapA(units: Buffer[]): Buffer {
  // The NRI of the aggregate is the highest of its units (RFC 6184 §5.7.1).
  const nri = Math.max(...units.map((unit) => unit[0]! & 0x60));
  const parts: Buffer[] = [Buffer.from([nri | STAP_A])];
  for (const unit of units) parts.push(Buffer.from([unit.length >> 8, unit.length & 0xff]), unit);
  return Buffer.concat(parts);
}

function fragments(unit: Buffer, maxPayload: number): Buffer[] {
  const payloads: Buffer[] = [];
  const step = maxPayload - 2;
  // The unit's own header byte is not sent; it is rebuilt from the two bytes of each fragment.
  for (let offset = 1; offset < unit.length; offset += step) {
    const end = Math.min(unit.length, offset + step);
    const start = offset === 1 ? 0x80 : 0;
    const last = end === unit.length ? 0x40 : 0;
    const header = Buffer.from([(unit[0]! & 0x60) | FU_A, start | last | nalType(unit)]);
    payloads.push(Buffer.concat([header, unit.subarray(offset, end)]));
  }
  return payloads;
}
