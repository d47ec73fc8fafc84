import type { VideoTrack } from './video-track.ts';

/** Without a successor, a picture is held this long unconditionally, µs. */
const STALE_US = 5_000_000;
/** A camera is on while it sends sender reports, which are some seconds apart, µs. */
const REPORTED_US = 8_000_000;
/** Without reports, a picture is held this long if there is other media, µs. */
const UNREPORTED_US = 10_000_000;
/**
 * A picture is held this long while others arrive that refer to a lost one: some encoders send
 * keyframes 10 s apart, µs.
 */
const FROZEN_US = 12_000_000;
/**
 * Maximum time in any case, because no segment with the picture can be written before the next one
 * arrives, µs.
 */
const MOST_US = 60_000_000;

/**
 * Age of the last picture at which a keyframe is requested, whose arrival shows that the camera is
 * on, µs.
 */
export const ASK_US = 3_000_000;

/**
 * True while the last picture still shows what the camera sees: the next picture of a screen or a
 * slide may be seconds away. The sender of a camera that is off shows that: it sends an RTCP BYE
 * (RFC 3550 §6.6) or stops its reports, while the sender of a still picture continues to report and
 * responds to a keyframe request.
 * @param nowUs µs since the Unix epoch
 * @param hasOther whether the publisher sends other media; undefined if it negotiated none
 */
export function isStill(video: VideoTrack, nowUs: number, hasOther: boolean | undefined): boolean {
  const standsUs = nowUs - video.takenUs;
  if (standsUs <= STALE_US) return true;
  if (video.isOff) return false;
  if (nowUs - video.lastArrivalUs <= STALE_US) return standsUs <= FROZEN_US;
  const { reportedUs } = video.anchor.clock;
  // If nothing arrives at all, the network is the cause.
  if (reportedUs === 0) return hasOther !== false && standsUs <= UNREPORTED_US;
  return nowUs - reportedUs <= (hasOther ? REPORTED_US : STALE_US) && standsUs <= MOST_US;
}
