import type { AccessUnit } from '../../media/access-unit.ts';
import type { Depacketizer } from '../../media/depacketizer.ts';
import type { PayloadFormat } from '../../media/payload-format.ts';
import type { RtpPacket } from '../../media/rtp-packet.ts';
import { Slab } from '../../media/slab.ts';
import { MAX_ACCESS_UNIT_BYTES, NalAccessUnitBuilder } from '../nal-access-unit-builder.ts';
import { LeadingPictures } from './leading-pictures.ts';
import { H265Syntax, isIrap, isParameterSet, typeOf } from './nal-unit.ts';

/** Payload structures by NAL unit type (RFC 7798 §4.4). */
const AGGREGATION_PACKET = 48;
const FRAGMENTATION_UNIT = 49;
const PACI = 50;

const HEADER_BYTES = 2;

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

/**
 * H265 over RTP (RFC 7798) in a single stream and in decoding order: single NAL units, AP (§4.4.2)
 * and FU (§4.4.3), without DONL fields, which only exist if `sprop-max-don-diff` is negotiated
 * above 0. PACI packets (§4.4.4) are not supported: their content counts as missing.
 *
 * An access unit ends with the marker bit or with a change of the timestamp. Incomplete units are
 * dropped, unless they are to be kept; so are those that cannot be decoded in their place ({@link
 * LeadingPictures}).
 */
export class H265Depacketizer implements Depacketizer {
  /** Number of PACI packets, each of which a picture lacks. */
  paciPackets = 0;
  readonly #pictures: LeadingPictures;
  readonly #unit: NalAccessUnitBuilder;
  /** The session description had parameter sets (RFC 7798 §7.1). */
  readonly #configuredOutOfBand: boolean;
  readonly #fragments: Buffer[] = [];
  #fragmentsBytes = 0;
  /** The header of the NAL unit that is being joined, −1 if there is none. */
  #fragmentedHeader = -1;
  /** Number of consecutive units that ended with the marker bit. */
  #markers = 0;
  #malformed = 0;

  /**
   * @param format the negotiated payload format
   * @param emit receives each complete access unit, in decoding order
   * @param keepIncomplete also emit incomplete units, with their complete NAL units
   */
  constructor(format: PayloadFormat, emit: (unit: AccessUnit) => void, keepIncomplete = false) {
    this.#configuredOutOfBand = Boolean(format.parameters['sprop-sps']);
    const pictures = new LeadingPictures(emit);
    this.#pictures = pictures;
    this.#unit = new NalAccessUnitBuilder(
      new H265Syntax(),
      (unit) => pictures.take(unit),
      keepIncomplete,
    );
  }

  get malformed(): number {
    return this.#malformed;
  }

  get broken(): number {
    return this.#unit.brokenUnits;
  }

  get discontinuity(): boolean {
    return this.#unit.discontinuity || this.#pictures.discontinuity;
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
    if (!unit.broken && !this.#parse(packet.payload)) this.#malformed++;
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
    this.#pictures.reset();
  }

  /** Parses the payload of a packet; false if any part of it is malformed. */
  #parse(payload: Buffer): boolean {
    const type = typeOf(payload[0]!);
    if (type === FRAGMENTATION_UNIT) return this.#addFragment(payload);
    const inOne = this.#fragmentedHeader !== -1;
    if (inOne) {
      this.#unit.breakUnit();
      this.#dropFragments();
      if (this.#unit.broken) return false;
    }
    if (type === AGGREGATION_PACKET) return this.#addAggregated(payload) && !inOne;
    if (type === PACI) {
      this.paciPackets++;
      this.#unit.breakUnit();
    }
    // Other types are undefined and must be ignored.
    return this.#unit.add(payload) && !inOne;
  }

  #addAggregated(payload: Buffer): boolean {
    let valid = payload.length > HEADER_BYTES;
    let offset = HEADER_BYTES;
    while (offset + 2 <= payload.length && !this.#unit.broken) {
      const length = payload.readUInt16BE(offset);
      offset += 2;
      if (length > payload.length - offset) return false;
      if (!this.#unit.add(payload.subarray(offset, offset + length))) valid = false;
      offset += length;
    }
    return valid && (offset === payload.length || this.#unit.broken);
  }

  #addFragment(payload: Buffer): boolean {
    const fuHeader = payload[HEADER_BYTES];
    if (fuHeader === undefined) {
      this.#unit.breakUnit();
      return false;
    }
    const isStart = (fuHeader & 0x80) !== 0;
    const header = ((payload[0]! & 0x81) << 8) | ((fuHeader & 0x3f) << 9) | payload[1]!;
    const inOne = this.#fragmentedHeader !== -1;
    if (isStart === inOne || (inOne && header !== this.#fragmentedHeader)) {
      // After a loss, a fragment without its start is not an error of the sender.
      const expected = !isStart && (this.#unit.startUncertain || this.#unit.incomplete);
      this.#unit.breakUnit();
      this.#dropFragments();
      if (this.#unit.broken || !isStart) return expected;
    }
    if (isStart) {
      this.#fragmentedHeader = header;
      this.#fragmentsBytes = HEADER_BYTES;
      this.#unit.noteStart(header >> 8, header & 0xff);
    }
    const start = HEADER_BYTES + 1;
    if (payload.length > start) {
      this.#fragments.push(payload.subarray(start));
      this.#fragmentsBytes += payload.length - start;
    }
    if (
      this.#unit.bytes + this.#fragmentsBytes > MAX_ACCESS_UNIT_BYTES ||
      this.#fragments.length > MAX_FRAGMENTS
    ) {
      this.#unit.breakUnit();
      this.#dropFragments();
      return false;
    }
    return (fuHeader & 0x40) === 0 || this.#unit.add(this.#joinFragments());
  }

  /** The joined NAL unit: each byte is copied once. */
  #joinFragments(): Buffer {
    const nalUnit = joined.take(this.#fragmentsBytes);
    nalUnit[0] = this.#fragmentedHeader >> 8;
    nalUnit[1] = this.#fragmentedHeader & 0xff;
    let offset = HEADER_BYTES;
    for (const fragment of this.#fragments) offset += fragment.copy(nalUnit, offset);
    this.#dropFragments();
    return nalUnit;
  }

  /**
   * Checks a unit that ends because another one begins. A sender that drops what waits in its queue
   * when a keyframe overtakes it, as Chromium does, numbers its packets after that: there is no
   * gap, so only the missing marker shows that a picture is incomplete.
   *
   * @param next payload of the packet that begins the other unit
   */
  #endWithoutMarker(next: Buffer): void {
    if (!this.#unit.broken && this.#markers >= ENOUGH_MARKERS && beginsKeyframe(next)) {
      this.#unit.breakUnit();
    }
    this.#markers = 0;
  }

  /** Breaks the unit if a NAL unit still lacks its end. */
  #endFragments(): void {
    if (this.#fragmentedHeader === -1) return;
    this.#malformed++;
    this.#unit.breakUnit();
    this.#dropFragments();
  }

  #dropFragments(): void {
    this.#fragments.length = 0;
    this.#fragmentsBytes = 0;
    this.#fragmentedHeader = -1;
  }
}

/** Whether a payload begins with a keyframe or with the parameter sets before one. */
function beginsKeyframe(payload: Buffer): boolean {
  let type = typeOf(payload[0]!);
  if (type === AGGREGATION_PACKET) type = typeOf(payload[HEADER_BYTES + 2] ?? 0);
  else if (type === FRAGMENTATION_UNIT) type = (payload[HEADER_BYTES] ?? 0) & 0x3f;
  return isIrap(type) || isParameterSet(type);
}
