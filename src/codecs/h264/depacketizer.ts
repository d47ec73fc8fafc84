import type { AccessUnit } from '../../media/access-unit.ts';
import type { Depacketizer } from '../../media/depacketizer.ts';
import type { PayloadFormat } from '../../media/payload-format.ts';
import type { RtpPacket } from '../../media/rtp-packet.ts';
import { Slab } from '../../media/slab.ts';
import { MAX_ACCESS_UNIT_BYTES, NalAccessUnitBuilder } from '../nal-access-unit-builder.ts';
import { H264_SYNTAX, IDR_SLICE, SEQUENCE_PARAMETER_SET } from './nal-unit.ts';

/** Payload structures by NAL unit type (RFC 6184 §5.2, table 1). */
const STAP_A = 24;
const STAP_B = 25;
const FU_A = 28;
const FU_B = 29;

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
 * H264 over RTP in single NAL unit and non-interleaved mode (RFC 6184 §6.2, §6.3): single NAL
 * units, STAP-A (§5.7.1) and FU-A (§5.8). An access unit ends with the marker bit or with a change
 * of the timestamp. Incomplete units are dropped, unless they are to be kept.
 */
export class H264Depacketizer implements Depacketizer {
  readonly #unit: NalAccessUnitBuilder;
  /** The session description had parameter sets (`sprop-parameter-sets`, RFC 6184 §8.1). */
  readonly #configuredOutOfBand: boolean;
  readonly #fragments: Buffer[] = [];
  #fragmentsBytes = 0;
  /** First byte of the NAL unit that is being joined, −1 if there is none. */
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
    this.#configuredOutOfBand = Boolean(format.parameters['sprop-parameter-sets']);
    this.#unit = new NalAccessUnitBuilder(H264_SYNTAX, emit, keepIncomplete);
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
  }

  /** Parses the payload of a packet; false if any part of it is malformed. */
  #parse(payload: Buffer): boolean {
    const type = payload[0]! & 0x1f;
    if (type === FU_A) return this.#addFragment(payload);
    const inOne = this.#fragmentedHeader !== -1;
    if (inOne) {
      this.#unit.breakUnit();
      this.#dropFragments();
      if (this.#unit.broken) return false;
    }
    if (type === STAP_A) return this.#addAggregated(payload) && !inOne;
    // Interleaved mode is never negotiated, but the content of such a packet is missing now. Other
    // types are undefined and must be ignored.
    if (type >= STAP_B && type <= FU_B) this.#unit.breakUnit();
    return this.#unit.add(payload) && !inOne;
  }

  #addAggregated(payload: Buffer): boolean {
    let valid = payload.length > 1;
    let offset = 1;
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
    const fuHeader = payload[1];
    if (fuHeader === undefined) {
      this.#unit.breakUnit();
      return false;
    }
    const isStart = (fuHeader & 0x80) !== 0;
    const type = fuHeader & 0x1f;
    const inOne = this.#fragmentedHeader !== -1;
    if (isStart === inOne || (inOne && type !== (this.#fragmentedHeader & 0x1f))) {
      // After a loss, a fragment without its start is not an error of the sender.
      const expected = !isStart && (this.#unit.startUncertain || this.#unit.incomplete);
      this.#unit.breakUnit();
      this.#dropFragments();
      if (this.#unit.broken || !isStart) return expected;
    }
    if (isStart) {
      this.#fragmentedHeader = (payload[0]! & 0xe0) | type;
      this.#fragmentsBytes = 1;
      this.#unit.noteStart(this.#fragmentedHeader, 0);
    }
    if (payload.length > 2) {
      this.#fragments.push(payload.subarray(2));
      this.#fragmentsBytes += payload.length - 2;
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
    nalUnit[0] = this.#fragmentedHeader;
    let offset = 1;
    for (const fragment of this.#fragments) offset += fragment.copy(nalUnit, offset);
    this.#dropFragments();
    return nalUnit;
  }

  /**
   * Checks a unit that ends because another one begins. Chromium drops what waits in its queue when
   * a keyframe overtakes it, and numbers its packets after that: there is no gap, so only the
   * missing marker shows that a picture is incomplete. In general the marker must not be relied on
   * (RFC 6184 §5.1).
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

/** Whether a payload begins with an IDR picture or with the parameter sets before one. */
function beginsKeyframe(payload: Buffer): boolean {
  let type = payload[0]! & 0x1f;
  if (type === STAP_A) type = (payload[3] ?? 0) & 0x1f;
  else if (type === FU_A) type = (payload[1] ?? 0) & 0x1f;
  return type === IDR_SLICE || type === SEQUENCE_PARAMETER_SET;
}
