import type { AccessUnit } from '../../media/access-unit.ts';
import type { PayloadFormat } from '../../media/payload-format.ts';
import { NalDepacketizer, type NalPayloadSyntax } from '../nal-depacketizer.ts';
import { LeadingPictures } from './leading-pictures.ts';
import { H265Syntax, isIrap, isParameterSet, typeOf } from './nal-unit.ts';

// Payload structures by NAL unit type (RFC 7798 §4.4).
const AGGREGATION_PACKET = 48;
const FRAGMENTATION_UNIT = 49;
const PACI = 50;

const PAYLOAD: NalPayloadSyntax = {
  headerBytes: 2,
  aggregation: AGGREGATION_PACKET,
  fragmentation: FRAGMENTATION_UNIT,
  fragmentMask: 0xffff,
  typeOf,
  typeOfFragment: (fragmentHeader) => fragmentHeader & 0x3f,
  headerOf: (payload, fragmentHeader) =>
    ((payload[0]! & 0x81) << 8) | ((fragmentHeader & 0x3f) << 9) | payload[1]!,
  isUnsupported: (type) => type === PACI,
  beginsKeyframe: (type) => isIrap(type) || isParameterSet(type),
};

/**
 * H265 over RTP (RFC 7798) in a single stream and in decoding order: single NAL units, AP (§4.4.2)
 * and FU (§4.4.3), without DONL fields, which only exist if `sprop-max-don-diff` is negotiated
 * above 0. PACI packets (§4.4.4) are not supported: their content counts as missing. Pictures that
 * cannot be decoded in their place are dropped ({@link LeadingPictures}).
 */
export class H265Depacketizer extends NalDepacketizer {
  readonly #pictures: LeadingPictures;

  /**
   * @param format the negotiated payload format
   * @param emit receives each complete access unit, in decoding order
   * @param keepIncomplete also emit incomplete units, with their complete NAL units
   */
  constructor(format: PayloadFormat, emit: (unit: AccessUnit) => void, keepIncomplete = false) {
    const pictures = new LeadingPictures(emit);
    const isConfigured = Boolean(format.parameters['sprop-sps']);
    const take = (unit: AccessUnit) => pictures.take(unit);
    super(PAYLOAD, new H265Syntax(), isConfigured, take, keepIncomplete);
    this.#pictures = pictures;
  }

  override get discontinuity(): boolean {
    return super.discontinuity || this.#pictures.discontinuity;
  }

  override reset(): void {
    super.reset();
    this.#pictures.reset();
  }
}
