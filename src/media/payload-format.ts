/** A payload type negotiated for a media section (RFC 8866 §6.6, RFC 4588 §8). */
export interface PayloadFormat {
  /** RTP payload type, 0–127. */
  payloadType: number;
  /**
   * Name of the codec, as the codecs' registry has it, or `rtx` for retransmissions (RFC 4588), or `red`
   * for payloads with those before them (RFC 2198).
   */
  codec: string;
  /** RTP clock rate, Hz. */
  clockRate: number;
  /** Number of channels of an audio codec as signalled in rtpmap (Opus: always 2, RFC 7587 §7). */
  channels?: number;
  /** `fmtp` parameters with lower-case names, as received. */
  parameters: Record<string, string>;
  /** For `red`: payload types of the blocks, that of the packet itself first (RFC 2198 §5). */
  redundancy?: readonly number[];
  /** For `rtx`: the payload type that is retransmitted (`apt`). */
  retransmits?: number;
}

/** Whether packets of a format are media of its codec, and not other packets that are wrapped. */
export function carriesMedia({ codec }: PayloadFormat): boolean {
  return codec !== 'rtx' && codec !== 'red';
}
