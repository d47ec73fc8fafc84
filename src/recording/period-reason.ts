import type { VideoConfiguration } from '../codecs/configuration.ts';
import type { PeriodReason } from '../facts/period-reason.ts';
import type { Ticks, Us } from '../media/media-time.ts';
import type { Picture } from './picture-order.ts';
import type { RunningPeriod } from './running-period.ts';

/** A Period that must end waits this long for a keyframe before it ends at a recovery point, µs. */
const KEYFRAME_WAIT_US = 5_000_000;

/** A Period without media for this long ends; later media begins a new one, µs. */
export const STALE_US = 5_000_000;

// This file decides why each Period begins and ends: by the media that arrives (`periodReason`), by
// media that does not arrive (`absenceReason`), by the clock (`limitReason`), and by an event
// (`ENDINGS`). The reason why a Period ends is that for which the next one begins.

/** Reason of the first Period of a recording. */
export const FIRST_PERIOD = 'start' satisfies PeriodReason;

/** Events that end the running Period at once, with their reasons. */
export const ENDINGS = {
  publisherLeft: 'publisher-changed',
  tracksAttached: 'tracks-changed',
  timelineRestarted: 'timeline-restart',
  soundCodecChanged: 'codec-change',
  mediaStopped: 'media-stopped',
  writeFailed: 'write-failed',
} as const satisfies Record<string, PeriodReason>;

/** Why a Period ends before the next one begins. */
export type Ending = (typeof ENDINGS)[keyof typeof ENDINGS];

/** Why a Period cannot last longer. */
export type Limit = Extract<PeriodReason, 'midnight' | 'max-recording'>;

/** Decides whether a Period must end at an instant, and why. */
export function limitReason(isNextDay: boolean, isRecordFull: boolean): Limit | undefined {
  if (isNextDay) return 'midnight';
  return isRecordFull ? 'max-recording' : undefined;
}

/** The state of a recording that decides about Periods. */
export interface PeriodState {
  /** The running Period. */
  readonly current: RunningPeriod | undefined;
  /** Why the latest Period ended, if none is running. */
  readonly endedFor: typeof FIRST_PERIOD | Ending;
  /**
   * Why a Period that reaches an instant must end there, if it must.
   * @param graceUs how much longer it may last, µs
   */
  overFor(time: Ticks, graceUs: Us): Limit | undefined;
}

/**
 * Decides whether the next media begins a new Period, and why.
 * @param picture the next one in decoding order; undefined for sound without a picture
 * @param start media time at which it begins
 * @returns undefined if it belongs to the running Period
 */
export function periodReason(
  state: PeriodState,
  picture: Picture | undefined,
  start: Ticks,
): PeriodReason | undefined {
  const period = state.current;
  if (period === undefined || period.failed) return state.endedFor;
  if (picture === undefined) {
    return period.hasPicture ? 'picture-stopped' : state.overFor(start, 0);
  }
  if (!period.hasPicture) return 'picture-started';
  if (picture.configuration === undefined) return undefined;
  if (!picture.keyframe) return state.overFor(start, KEYFRAME_WAIT_US);
  const change = configurationChange(picture.configuration, period.configuration!);
  if (change !== undefined) return change;
  if (picture.orientation !== period.orientation) return 'orientation-change';
  if (picture.compositionDelay > period.compositionDelay) return 'reordering-change';
  return state.overFor(start, 0);
}

function configurationChange(
  a: VideoConfiguration,
  b: VideoConfiguration,
): 'resolution-change' | 'codec-change' | undefined {
  if (a === b || a.equals(b)) return undefined;
  if (a.codec !== b.codec) return 'codec-change';
  return a.width === b.width && a.height === b.height ? 'codec-change' : 'resolution-change';
}

/** How long media of a running Period has been missing, µs. */
export interface Absence {
  /** Since the last media of the kinds in the Period. */
  mediaUs: Us;
  /** Since the last picture that was shown. */
  pictureUs: Us;
  /** The last picture still shows what the camera sees, see `isStill`. */
  isStill: boolean;
  /** Duration of the Period. */
  periodUs: Us;
}

/**
 * Decides whether the running Period must end because its picture, or all media, has stopped:
 * players would stop at a hole in it.
 */
export function absenceReason(
  { hasPicture }: Pick<RunningPeriod, 'hasPicture'>,
  { mediaUs, pictureUs, isStill, periodUs }: Absence,
): typeof ENDINGS.mediaStopped | 'picture-stopped' | undefined {
  if (isStill) return undefined;
  if (mediaUs > STALE_US) return periodUs > STALE_US ? ENDINGS.mediaStopped : undefined;
  return hasPicture && pictureUs > STALE_US ? 'picture-stopped' : undefined;
}
