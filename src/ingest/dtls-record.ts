/** Content types of DTLS records (RFC 5246 §6.2.1). */
export const CONTENT_TYPES = { alert: 21, handshake: 22, applicationData: 23 } as const;

/** Size of a record header (RFC 6347 §4.1), bytes. */
export const RECORD_HEADER_BYTES = 13;

/** DTLS 1.2 in a record header. */
const VERSION = 0xfefd;

/** A DTLS record (RFC 6347 §4.1), a view of its datagram. */
export interface DtlsRecord {
  contentType: number;
  version: { major: number; minor: number };
  /** 0 for unencrypted records. */
  epoch: number;
  /** 48 bits. */
  sequenceNumber: number;
  /** The content; encrypted unless `epoch` is 0. */
  fragment: Buffer;
  /** The whole record, including its header. */
  bytes: Buffer;
}

/**
 * The records of a datagram, up to one that is truncated (RFC 6347 §4.1.2.7: invalid records are
 * dropped).
 */
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

/** Writes the header of an unencrypted record; the caller adds the fragment. */
export function writeRecordHeader(into: Buffer, contentType: number, fragmentBytes: number): void {
  into[0] = contentType;
  into.writeUInt16BE(VERSION, 1);
  into.fill(0, 3, 11);
  into.writeUInt16BE(fragmentBytes, 11);
}

/** A copy of a record with an encrypted fragment. */
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
 * close_notify (RFC 5246 §7.2.1) as an unencrypted fragment: AlertLevel warning, AlertDescription
 * close_notify.
 */
export const CLOSE_NOTIFY = Buffer.from([1, 0]);

/**
 * Record sequence number of a close_notify: far above all that a session sends, so that the record
 * can be encrypted in advance and no nonce is used twice (RFC 5288 §3).
 */
export const CLOSE_NOTIFY_NUMBER = 2 ** 47;

/** True if any record in the datagram is unencrypted. */
export function hasUnprotectedRecord(datagram: Buffer): boolean {
  return readRecords(datagram).some(({ epoch }) => epoch === 0);
}

/**
 * Renumbers unencrypted records. werift retransmits a flight with the same numbers, and a peer that
 * dropped a record because it was early takes the copy for a replay (RFC 6347 §4.1.2.6).
 */
export class RecordNumbers {
  #next = 0;

  /** A copy of the datagram. Protected records keep their numbers, which are authenticated. */
  renumbered(datagram: Buffer): Buffer {
    const copy = Buffer.from(datagram);
    for (const { epoch, bytes } of readRecords(copy)) {
      if (epoch === 0) bytes.writeUIntBE(this.#next++, 5, 6);
    }
    return copy;
  }
}
