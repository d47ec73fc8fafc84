import type { AccessUnit } from '../media/access-unit.ts';
import type { Depacketizer } from '../media/depacketizer.ts';
import { keepPayload, type RtpPacket } from '../media/rtp-packet.ts';
import { Slab } from '../media/slab.ts';
import { MAX_ACCESS_UNIT_BYTES, NalAccessUnitBuilder } from './nal-access-unit-builder.ts';
import type { NalUnitSyntax } from './nal-unit-syntax.ts';

/**
 * Maximum number of fragments of a NAL unit: enough for the largest access unit in packets of 512
 * bytes.
 */
const MAX_FRAGMENTS = MAX_ACCESS_UNIT_BYTES / 512;

/**
 * After this many consecutive units with the marker bit, the sender is expected to set it on every
 * unit.
 */
const ENOUGH_MARKERS = 10;

/** Memory for joined NAL units; shared, so that an idle track holds no block of its own. */
const joined = new Slab();
/** Least and most memory that a NAL unit is joined in at first, bytes; what it does not need is given back. */
const LEAST_JOINED_BYTES = 4096;
const MOST_JOINED_BYTES = 48 * 1024;
const NOTHING = Buffer.alloc(0);

/** What differs between the payload formats of H264 (RFC 6184) and H265 (RFC 7798). */
export interface NalPayloadSyntax {
  /** Size of the header of a NAL unit, bytes: 1 or 2. */
  readonly headerBytes: number;
  /** Type of a packet with several NAL units. */
  readonly aggregation: number;
  /** Type of a packet with a fragment of a NAL unit. */
  readonly fragmentation: number;
  /** Bits of the header that all fragments of a NAL unit have in common. */
  readonly fragmentMask: number;
  /** Type of a NAL unit, or of a payload structure, from its first byte. */
  typeOf(firstByte: number): number;
  /** Type of the NAL unit of a fragment, from its fragmentation header. */
  typeOfFragment(fragmentHeader: number): number;
  /** The header of the NAL unit of a fragment, big-endian. */
  headerOf(payload: Buffer, fragmentHeader: number): number;
  /** Whether the content of a packet of this type cannot be read and counts as missing. */
  isUnsupported(type: number): boolean;
  /** Whether a keyframe, or the parameter sets before one, begin with this type. */
  beginsKeyframe(type: number): boolean;
}

/**
 * NAL units over RTP in decoding order: single NAL units, aggregation packets and fragments. An
 * access unit ends with the marker bit or with a change of the timestamp. Incomplete units are
 * dropped, unless they are to be kept.
 */
export class NalDepacketizer implements Depacketizer {
  /** Number of packets that cannot be read, each of which a picture lacks. */
  unsupportedPackets = 0;
  readonly #payload: NalPayloadSyntax;
  readonly #unit: NalAccessUnitBuilder;
  readonly #configuredOutOfBand: boolean;
  /** Memory of the NAL unit that is being joined; a fragment is copied as it comes, because its payload is lent. */
  #joined: Buffer = NOTHING;
  /** Size of the joined NAL unit so far. */
  #joinedBytes = 0;
  #fragments = 0;
  /** Size of the previous NAL unit that was joined. */
  #lastBytes = 0;
  /** The header of the NAL unit that is being joined, −1 if there is none. */
  #fragmentedHeader = -1;
  /** Number of consecutive units that ended with the marker bit. */
  #markers = 0;
  #malformed = 0;

  /**
   * @param configuredOutOfBand true if the session description had parameter sets
   * @param emit receives each complete access unit, in decoding order
   * @param keepIncomplete also emit incomplete units, with their complete NAL units
   */
  constructor(
    payload: NalPayloadSyntax,
    syntax: NalUnitSyntax,
    configuredOutOfBand: boolean,
    emit: (unit: AccessUnit) => void,
    keepIncomplete: boolean,
  ) {
    this.#payload = payload;
    this.#configuredOutOfBand = configuredOutOfBand;
    this.#unit = new NalAccessUnitBuilder(syntax, emit, keepIncomplete);
  }

  get malformed(): number {
    return this.#malformed;
  }

  get broken(): number {
    return this.#unit.brokenUnits;
  }

  get discontinuity(): boolean {
    return this.#unit.discontinuity;
  }

  get configured(): boolean {
    return this.#configuredOutOfBand || this.#unit.sequenceParameterSetSeen;
  }

  push(packet: RtpPacket, lostBefore: boolean): void {
    const unit = this.#unit;
    if (lostBefore) {
      unit.lose(packet.timestamp);
      this.#dropFragments();
    }
    if (packet.payload.length === 0) {
      this.#malformed++;
      return;
    }
    if (!unit.isOpen(packet.timestamp)) {
      this.#endFragments();
      if (unit.open) this.#endWithoutMarker(packet.payload);
      unit.begin(packet.timestamp, packet.arrivalUs);
    }
    unit.notePacket(packet.arrivalUs);
    if (!unit.broken && !this.#parse(packet)) this.#malformed++;
    if (unit.broken) this.#dropFragments();
    if (packet.marker) {
      this.#markers++;
      this.#endFragments();
      if (unit.endsAtMarker) unit.end();
    }
  }

  flush(): void {
    this.#endFragments();
    this.#unit.end();
  }

  reset(): void {
    this.#markers = 0;
    this.#dropFragments();
    this.#unit.reset();
  }

  /** Parses the payload of a packet; false if any part of it is malformed. */
  #parse(packet: RtpPacket): boolean {
    const { aggregation, fragmentation } = this.#payload;
    const type = this.#payload.typeOf(packet.payload[0]!);
    if (type === fragmentation) return this.#addFragment(packet.payload);
    keepPayload(packet);
    const { payload } = packet;
    const inOne = this.#fragmentedHeader !== -1;
    if (inOne) {
      this.#unit.breakUnit();
      this.#dropFragments();
      if (this.#unit.broken) return false;
    }
    if (type === aggregation) return this.#addAggregated(payload) && !inOne;
    if (this.#payload.isUnsupported(type)) {
      this.unsupportedPackets++;
      this.#unit.breakUnit();
    }
    // Other types are undefined and must be ignored.
    return this.#unit.add(payload) && !inOne;
  }

  #addAggregated(payload: Buffer): boolean {
    const { headerBytes } = this.#payload;
    let valid = payload.length > headerBytes;
    let offset = headerBytes;
    while (offset + 2 <= payload.length && !this.#unit.broken) {
      const length = payload.readUInt16BE(offset);
      offset += 2;
      if (length > payload.length - offset) return false;
      if (length === 0 || !this.#unit.add(payload.subarray(offset, offset + length))) valid = false;
      offset += length;
    }
    return valid && (offset === payload.length || this.#unit.broken);
  }

  #addFragment(payload: Buffer): boolean {
    const { headerBytes, fragmentMask } = this.#payload;
    const fragmentHeader = payload[headerBytes];
    if (fragmentHeader === undefined) {
      this.#unit.breakUnit();
      return false;
    }
    const isStart = (fragmentHeader & 0x80) !== 0;
    const header = this.#payload.headerOf(payload, fragmentHeader);
    const inOne = this.#fragmentedHeader !== -1;
    const continues = ((header ^ this.#fragmentedHeader) & fragmentMask) === 0;
    if (isStart === inOne || (inOne && !continues)) {
      // After a loss, a fragment without its start is not an error of the sender.
      const expected = !isStart && (this.#unit.startUncertain || this.#unit.incomplete);
      this.#unit.breakUnit();
      this.#dropFragments();
      if (this.#unit.broken || !isStart) return expected;
    }
    if (isStart) {
      this.#fragmentedHeader = header;
      this.#beginJoined(header);
      if (headerBytes === 1) this.#unit.noteStart(header, 0);
      else this.#unit.noteStart(header >> 8, header & 0xff);
    }
    const start = headerBytes + 1;
    const bytes = this.#joinedBytes + payload.length - start;
    if (this.#unit.bytes + bytes > MAX_ACCESS_UNIT_BYTES || ++this.#fragments > MAX_FRAGMENTS) {
      this.#unit.breakUnit();
      this.#dropFragments();
      return false;
    }
    if (bytes > this.#joined.length) this.#growJoined(bytes);
    payload.copy(this.#joined, this.#joinedBytes, start);
    this.#joinedBytes = bytes;
    return (fragmentHeader & 0x40) === 0 || this.#unit.add(this.#endJoined());
  }

  #beginJoined(header: number): void {
    const { headerBytes } = this.#payload;
    // Pictures of a stream resemble each other in size, except for keyframes.
    const expected = Math.max(this.#lastBytes + (this.#lastBytes >> 2), LEAST_JOINED_BYTES);
    this.#joined = joined.take(Math.min(expected, MOST_JOINED_BYTES));
    this.#joined.writeUIntBE(header, 0, headerBytes);
    this.#joinedBytes = headerBytes;
    this.#fragments = 0;
  }

  #growJoined(least: number): void {
    const before = this.#joined.subarray(0, this.#joinedBytes);
    // What was taken last can grow where it is.
    joined.shorten(this.#joined, 0);
    this.#joined = joined.take(Math.max(least, 2 * this.#joined.length));
    before.copy(this.#joined);
  }

  #endJoined(): Buffer {
    const nalUnit = joined.shorten(this.#joined, this.#joinedBytes);
    this.#lastBytes = nalUnit.length;
    this.#dropFragments();
    return nalUnit;
  }

  /**
   * Checks a unit that ends because another one begins. A sender that drops what waits in its queue
   * when a keyframe overtakes it, as Chromium does, numbers its packets after that: there is no
   * gap, so only the missing marker shows that a picture is incomplete. In general the marker must
   * not be relied on (RFC 6184 §5.1).
   *
   * @param next payload of the packet that begins the other unit
   */
  #endWithoutMarker(next: Buffer): void {
    if (!this.#unit.broken && this.#markers >= ENOUGH_MARKERS && this.#beginsKeyframe(next)) {
      this.#unit.breakUnit();
    }
    this.#markers = 0;
  }

  #beginsKeyframe(payload: Buffer): boolean {
    const { headerBytes, aggregation, fragmentation } = this.#payload;
    let type = this.#payload.typeOf(payload[0]!);
    if (type === aggregation) type = this.#payload.typeOf(payload[headerBytes + 2] ?? 0);
    else if (type === fragmentation) type = this.#payload.typeOfFragment(payload[headerBytes] ?? 0);
    return this.#payload.beginsKeyframe(type);
  }

  /** Breaks the unit if a NAL unit still lacks its end. */
  #endFragments(): void {
    if (this.#fragmentedHeader === -1) return;
    this.#malformed++;
    this.#unit.breakUnit();
    this.#dropFragments();
  }

  #dropFragments(): void {
    this.#joined = NOTHING;
    this.#joinedBytes = 0;
    this.#fragmentedHeader = -1;
  }
}
