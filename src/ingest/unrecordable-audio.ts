/** A format that a server may send and that we cannot write (RFC 3551 §6). */
export interface UnrecordableFormat {
  kind: 'audio';
  /** RTP payload type, 0–127. */
  payloadType: number;
  /** As `a=rtpmap` has it. */
  encodingName: string;
  /** Ticks a second of the RTP timestamp. */
  clockRate: number;
}

/**
 * G.711, which we ask for beside what can be recorded: MediaMTX refuses an audio section that has Opus
 * alone when the stream has none, and a server that has nothing else tells so by sending it.
 */
export const G711_FORMATS: readonly UnrecordableFormat[] = [
  { kind: 'audio', payloadType: 0, encodingName: 'PCMU', clockRate: 8000 },
  { kind: 'audio', payloadType: 8, encodingName: 'PCMA', clockRate: 8000 },
];

/** What to tell an operator whose stream has sound that is not recorded. */
export function unrecordableInWords(encodingName: string): string {
  return `its sound is ${encodingName} (G.711), which cannot be recorded: have it published as Opus; a Live777 node takes nothing else with [sdp] audio_codecs = ["OPUS"]`;
}
