import type { TrackKind } from '../media/access-unit.ts';
import type { PayloadFormat } from '../media/payload-format.ts';

/** Negotiated identifiers of RTP header extensions (RFC 8285); absent if not negotiated. */
export interface HeaderExtensionIds {
  mid?: number;
  rid?: number;
  repairedRid?: number;
  transportCc?: number;
  absSendTime?: number;
  videoOrientation?: number;
}

/** The encodings of a picture that a section announces to send simultaneously (RFC 8853). */
export interface AnnouncedLayers {
  /**
   * Restriction identifiers (RFC 8851) in the order of the description; empty if there are none.
   */
  rids: string[];
  /**
   * SSRCs if there are no identifiers: those of `a=ssrc-group:SIM`, or all that are not
   * retransmissions.
   */
  ssrcs: number[];
}

/**
 * An `m=` section negotiated for receiving: everything that the RTP path needs from the SDP.
 * Created by the ingest stage.
 */
export interface MediaSection {
  mid: string;
  kind: TrackKind;
  formats: PayloadFormat[];
  extensions: HeaderExtensionIds;
  /** SSRCs announced with `a=ssrc`, primary ones first; often empty. */
  ssrcs: number[];
  /** Pairs [primary, retransmission] of `a=ssrc-group:FID`. */
  retransmissionSsrcs: [number, number][];
  /** Present if several encodings of its picture were announced. */
  layers?: AnnouncedLayers;
  /** Feedback that both sides support (RFC 4585). */
  feedback: { nack: boolean; pli: boolean; fir: boolean; transportCc: boolean; remb: boolean };
}
