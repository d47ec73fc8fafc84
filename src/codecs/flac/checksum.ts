/** CRC-8 of a frame header: x^8 + x^2 + x + 1, from 0 (RFC 9639 §9.1.8). */
export function crc8(data: Buffer, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at++) crc = CRC8[crc ^ data[at]!]!;
  return crc;
}

/** CRC-16 of a frame: x^16 + x^15 + x^2 + 1, from 0 (RFC 9639 §9.3). */
export function crc16(data: Buffer, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at++) {
    crc = ((crc << 8) & 0xffff) ^ CRC16[(crc >> 8) ^ data[at]!]!;
  }
  return crc;
}

const CRC8 = Uint8Array.from({ length: 256 }, (_, byte) => remainder(byte, 8, 0x07));
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => remainder(byte, 16, 0x8005));

function remainder(byte: number, bits: number, polynomial: number): number {
  const top = 1 << (bits - 1);
  let crc = byte << (bits - 8);
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & top ? polynomial : 0);
  return crc & ((1 << bits) - 1);
}
