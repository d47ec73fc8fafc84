import type { OfferedFormat } from './format-choice.ts';

/** A format that a server may send and that is not to be recorded (RFC 3551 §6). */
export interface UnrecordableFormat extends OfferedFormat {
  kind: 'audio';
}

/**
 * G.711, which is offered even if `[recorder] codecs` excludes it: MediaMTX refuses an audio
 * section with only Opus if the stream has none, and a server that only has G.711 reveals that by
 * sending it.
 */
export const G711_FORMATS: readonly UnrecordableFormat[] = [g711(0, 'PCMU'), g711(8, 'PCMA')];

/** The message for a stream whose sound cannot be recorded. */
export function unrecordableInWords(encodingName: string): string {
  return `the sound is ${encodingName} (G.711), which [recorder] codecs excludes: add "${encodingName.toLowerCase()}" there, or publish Opus; a Live777 node accepts only Opus with [sdp] audio_codecs = ["OPUS"]`;
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
