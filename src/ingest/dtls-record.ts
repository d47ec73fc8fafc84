/** Content types of DTLS records (RFC 5246 §6.2.1). */
export const CONTENT_TYPES = { alert: 21, handshake: 22, applicationData: 23 } as const;

/** Bytes before the fragment of a record (RFC 6347 §4.1). */
export const RECORD_HEADER_BYTES = 13;

/** DTLS 1.2 as records name it. */
const VERSION = 0xfefd;

/** A record of DTLS (RFC 6347 §4.1), as part of the datagram that it came in. */
export interface DtlsRecord {
  contentType: number;
  version: { major: number; minor: number };
  /** 0 before the keys are in use: in the clear. */
  epoch: number;
  /** 48 bits. */
  sequenceNumber: number;
  /** What it carries; encrypted unless `epoch` is 0. */
  fragment: Buffer;
  /** All of it, header included. */
  bytes: Buffer;
}

/** The records of a datagram, up to one that is cut short (RFC 6347 §4.1.2.7: what is invalid is dropped). */
export function readRecords(datagram: Buffer): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  for (let at = 0; at + RECORD_HEADER_BYTES <= datagram.length; ) {
    const end = at + RECORD_HEADER_BYTES + datagram.readUInt16BE(at + 11);
    if (end > datagram.length) break;
    records.push({
      contentType: datagram[at]!,
      version: { major: datagram[at + 1]!, minor: datagram[at + 2]! },
      epoch: datagram.readUInt16BE(at + 3),
      sequenceNumber: datagram.readUIntBE(at + 5, 6),
      fragment: datagram.subarray(at + RECORD_HEADER_BYTES, end),
      bytes: datagram.subarray(at, end),
    });
    at = end;
  }
  return records;
}

/** Writes the header of a record in the clear, of a fragment that the caller puts behind it. */
export function writeRecordHeader(into: Buffer, contentType: number, fragmentBytes: number): void {
  into[0] = contentType;
  into.writeUInt16BE(VERSION, 1);
  into.fill(0, 3, 11);
  into.writeUInt16BE(fragmentBytes, 11);
}

/** A record whose fragment is encrypted, in memory of its own. */
export function protectedRecord(
  contentType: number,
  epoch: number,
  sequenceNumber: number,
  fragment: Buffer,
): Buffer {
  const record = Buffer.alloc(RECORD_HEADER_BYTES + fragment.length);
  writeRecordHeader(record, contentType, fragment.length);
  record.writeUInt16BE(epoch, 3);
  record.writeUIntBE(sequenceNumber, 5, 6);
  fragment.copy(record, RECORD_HEADER_BYTES);
  return record;
}

/**
 * What says that nothing more comes (RFC 5246 §7.2.1), as a fragment in the clear: AlertLevel warning,
 * AlertDescription close_notify.
 */
export const CLOSE_NOTIFY = Buffer.from([1, 0]);

/**
 * Record sequence number of a close_notify: far ahead of all that a session ever sends, so that the
 * record can be encrypted long before it is due and no nonce is used twice (RFC 5288 §3).
 */
export const CLOSE_NOTIFY_NUMBER = 2 ** 47;

/** True when anything in the datagram is in the clear. */
export function hasUnprotectedRecord(datagram: Buffer): boolean {
  return readRecords(datagram).some(({ epoch }) => epoch === 0);
}

/**
 * Gives each record in the clear a number of its own. werift sends a flight again as it was, and a
 * peer that has dropped a record for coming too early takes the copy for a replay (RFC 6347 §4.1.2.6).
 */
export class RecordNumbers {
  #next = 0;

  /** A copy of the datagram. The numbers of protected records are part of what is authenticated, and stay. */
  renumbered(datagram: Buffer): Buffer {
    const copy = Buffer.from(datagram);
    for (const { epoch, bytes } of readRecords(copy)) {
      if (epoch === 0) bytes.writeUIntBE(this.#next++, 5, 6);
    }
    return copy;
  }
}
