import { TICKS_PER_SECOND, type Ticks } from '../../media/media-time.ts';
import type { Silence } from '../configuration.ts';

/** Duration of the silence packets: 20 ms. */
const DURATION: Ticks = TICKS_PER_SECOND / 50;

// TOC byte (RFC 6716 §3.1): configuration 31 (CELT, full band, 20 ms), stereo bit, one frame; then
// a frame whose first symbol means "silence" (§4.3).
const MONO = [Buffer.from([0xf8, 0xff, 0xfe])];
const STEREO = [Buffer.from([0xfc, 0xff, 0xfe])];

/** Opus packets of 20 ms of digital silence, in place of lost sound. */
export function opusSilence(channels: 1 | 2): Silence {
  const parts = channels === 1 ? MONO : STEREO;
  return { duration: DURATION, parts: () => parts };
}
