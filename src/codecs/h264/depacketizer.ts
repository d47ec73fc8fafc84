import type { AccessUnit } from '../../media/access-unit.ts';
import type { PayloadFormat } from '../../media/payload-format.ts';
import { NalDepacketizer, type NalPayloadSyntax } from '../nal-depacketizer.ts';
import { H264_SYNTAX, IDR_SLICE, SEQUENCE_PARAMETER_SET } from './nal-unit.ts';

// Payload structures by NAL unit type (RFC 6184 §5.2, table 1).
const STAP_A = 24;
const STAP_B = 25;
const FU_A = 28;
const FU_B = 29;

const PAYLOAD: NalPayloadSyntax = {
  headerBytes: 1,
  aggregation: STAP_A,
  fragmentation: FU_A,
  fragmentMask: 0x1f,
  typeOf: (firstByte) => firstByte & 0x1f,
  typeOfFragment: (fragmentHeader) => fragmentHeader & 0x1f,
  headerOf: (payload, fragmentHeader) => (payload[0]! & 0xe0) | (fragmentHeader & 0x1f),
  // Interleaved mode is never negotiated, but the content of such a packet is missing.
  isUnsupported: (type) => type >= STAP_B && type <= FU_B,
  beginsKeyframe: (type) => type === IDR_SLICE || type === SEQUENCE_PARAMETER_SET,
};

/**
 * H264 over RTP in single NAL unit and non-interleaved mode (RFC 6184 §6.2, §6.3): single NAL
 * units, STAP-A (§5.7.1) and FU-A (§5.8).
 */
export class H264Depacketizer extends NalDepacketizer {
  /**
   * @param format the negotiated payload format
   * @param emit receives each complete access unit, in decoding order
   * @param keepIncomplete also emit incomplete units, with their complete NAL units
   */
  constructor(format: PayloadFormat, emit: (unit: AccessUnit) => void, keepIncomplete = false) {
    const isConfigured = Boolean(format.parameters['sprop-parameter-sets']);
    super(PAYLOAD, H264_SYNTAX, isConfigured, emit, keepIncomplete);
  }
}
