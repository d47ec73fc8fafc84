import type { TrackKind } from '../media/access-unit.ts';
import type { PayloadFormat } from '../media/payload-format.ts';

/** Identifiers that were negotiated for RTP header extensions (RFC 8285); absent where not agreed. */
export interface HeaderExtensionIds {
  mid?: number;
  rid?: number;
  repairedRid?: number;
  transportCc?: number;
  absSendTime?: number;
  videoOrientation?: number;
}

/** What a section announces of the encodings of one picture that it sends at a time (RFC 8853). */
export interface AnnouncedLayers {
  /** Restriction identifiers (RFC 8851) in the order of the description; empty without any. */
  rids: string[];
  /** SSRCs where there are no identifiers, of `a=ssrc-group:SIM` or all that are no retransmissions. */
  ssrcs: number[];
}

/**
 * One `m=` section that was negotiated for receiving: everything the RTP path has to know of the
 * SDP. Made by the ingest stage.
 */
export interface MediaSection {
  mid: string;
  kind: TrackKind;
  formats: PayloadFormat[];
  extensions: HeaderExtensionIds;
  /** SSRCs announced with `a=ssrc`, the primary ones first; often empty. */
  ssrcs: number[];
  /** Pairs [primary, retransmission] of `a=ssrc-group:FID`. */
  retransmissionSsrcs: [number, number][];
  /** Present where several encodings of its picture were announced. */
  layers?: AnnouncedLayers;
  /** Feedback both sides agreed on (RFC 4585). */
  feedback: { nack: boolean; pli: boolean; fir: boolean; transportCc: boolean; remb: boolean };
}
