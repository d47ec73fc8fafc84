import type { OfferedFormat } from './format-choice.ts';

/** A format that a server may send and that is not to be recorded (RFC 3551 §6). */
export interface UnrecordableFormat extends OfferedFormat {
  kind: 'audio';
}

/**
 * G.711, which we ask for also where `[recorder] codecs` leaves it out: MediaMTX refuses an audio section
 * that has Opus alone when the stream has none, and a server that has nothing else tells so by sending it.
 */
export const G711_FORMATS: readonly UnrecordableFormat[] = [g711(0, 'PCMU'), g711(8, 'PCMA')];

/** The message for a stream whose sound cannot be recorded. */
export function unrecordableInWords(encodingName: string): string {
  return `its sound is ${encodingName} (G.711), which [recorder] codecs leaves out: add "${encodingName.toLowerCase()}" there, or have it published as Opus; a Live777 node takes nothing else with [sdp] audio_codecs = ["OPUS"]`;
}

function g711(payloadType: number, encodingName: string): UnrecordableFormat {
  return {
    kind: 'audio',
    payloadType,
    encodingName,
    clockRate: 8000,
    channels: undefined,
    parameters: {},
  };
}
