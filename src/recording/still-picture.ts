import type { VideoTrack } from './video-track.ts';

/** A picture that is followed by none is held this long without further conditions, µs. */
const STALE_US = 5_000_000;
/** A camera is on while its sender reports come, which are some seconds apart, µs. */
const REPORTED_US = 8_000_000;
/** Without reports, and while there is other media, a picture is held this long, µs. */
const UNREPORTED_US = 10_000_000;
/** Held this long while others come that refer to a lost one: keyframes are 10 s apart with some encoders, µs. */
const FROZEN_US = 12_000_000;
/** In no case for longer: no segment of it can be written before the next one comes, µs. */
const MOST_US = 60_000_000;

/** A picture stands long enough to ask for a keyframe, which shows that the camera is on, µs. */
export const ASK_US = 3_000_000;

/**
 * True while the last picture stands for what the camera sees: of a screen or a slide, the next one
 * may be seconds away. A camera that is off is told from that by its sender: it says goodbye (RTCP
 * BYE, RFC 3550 §6.6) or does not report any more, while the sender of a still picture goes on with
 * its reports and answers when it is asked for a keyframe.
 * @param nowUs µs since the Unix epoch
 * @param hasOther whether the publisher has other media; undefined where it has agreed on none
 */
export function isStill(video: VideoTrack, nowUs: number, hasOther: boolean | undefined): boolean {
  const standsUs = nowUs - video.takenUs;
  if (standsUs <= STALE_US) return true;
  if (video.isOff) return false;
  if (nowUs - video.lastArrivalUs <= STALE_US) return standsUs <= FROZEN_US;
  const { reportedUs } = video.anchor.clock;
  // Where nothing at all comes, it is the network.
  if (reportedUs === 0) return hasOther !== false && standsUs <= UNREPORTED_US;
  return nowUs - reportedUs <= (hasOther ? REPORTED_US : STALE_US) && standsUs <= MOST_US;
}
