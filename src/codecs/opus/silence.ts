/** Duration of the silence packets: 20 ms in ticks of Opus' 48 kHz clock (RFC 7587 §4.1). */
export const OPUS_SILENCE_TICKS = 960;

// TOC byte (RFC 6716 §3.1): configuration 31 (CELT, full band, 20 ms), stereo bit, one frame; then
// a frame whose first symbol says "silence" (§4.3).
const MONO = Buffer.from([0xf8, 0xff, 0xfe]);
const STEREO = Buffer.from([0xfc, 0xff, 0xfe]);

/**
 * An Opus packet of 20 ms of digital silence, to stand in for audio that was lost. The same buffer
 * is returned every time: it must not be written to.
 */
export function opusSilence(channels: 1 | 2): Buffer {
  return channels === 1 ? MONO : STEREO;
}
