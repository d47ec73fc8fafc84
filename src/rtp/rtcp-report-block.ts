/** Reception report of a stream (RFC 3550 §6.4.1). */
export interface ReportBlock {
  /** SSRC of the reported stream. */
  ssrc: number;
  /** Fraction of packets lost since the previous report, in 1/256: 0–255. */
  fractionLost: number;
  /** Number of packets lost since the beginning; 24 bits signed, clamped when written. */
  cumulativeLost: number;
  /** Highest sequence number received (low 16 bits) and number of wraps (high 16 bits). */
  extendedHighestSequence: number;
  /** Interarrival jitter in ticks of the RTP timestamp, an integer. */
  jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report; 0 if there was none. */
  lastSenderReport: number;
  /** Time since that sender report arrived, in 1/65536 s; 0 if there was none. */
  delaySinceLastSenderReport: number;
}

/** Size of a report block, bytes. */
export const REPORT_BLOCK_BYTES = 24;

/**
 * Writes a report block (RFC 3550 §6.4.1) at `offset`. Values that exceed their field are clamped.
 *
 * @throws RangeError if the buffer has less than 24 bytes at `offset`
 */
export function writeReportBlock(target: Buffer, offset: number, block: ReportBlock): void {
  target.writeUInt32BE(block.ssrc >>> 0, offset);
  target.writeUInt8(clamp(block.fractionLost, 0, 0xff), offset + 4);
  target.writeIntBE(clamp(block.cumulativeLost, -0x800000, 0x7fffff), offset + 5, 3);
  target.writeUInt32BE(block.extendedHighestSequence >>> 0, offset + 8);
  target.writeUInt32BE(clamp(block.jitter, 0, 0xffffffff), offset + 12);
  target.writeUInt32BE(block.lastSenderReport >>> 0, offset + 16);
  target.writeUInt32BE(clamp(block.delaySinceLastSenderReport, 0, 0xffffffff), offset + 20);
}

function clamp(value: number, low: number, high: number): number {
  return Math.floor(Math.min(high, Math.max(low, value)));
}
