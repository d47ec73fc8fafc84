import type { VideoConfiguration } from '../codecs/configuration.ts';
import type { PeriodReason } from '../facts/period-reason.ts';
import type { Ticks, Us } from '../media/media-time.ts';
import type { Picture } from './picture-order.ts';
import type { RunningPeriod } from './running-period.ts';

/** How long a Period that has to end waits for a keyframe before it ends at a recovery point, µs. */
const KEYFRAME_WAIT_US = 5_000_000;

/** Without media for this long a Period ends; what comes later begins another, µs. */
export const STALE_US = 5_000_000;

// Why a Period begins and ends is decided here: by what comes (`periodReason`) and by what does not
// (`absenceReason`). A publisher that leaves, other tracks and a new timeline end one as they are.

/** What a recording has reached. */
export interface PeriodState {
  /** The running Period. */
  readonly current: RunningPeriod | undefined;
  /** Why the latest one ended, where none is running; `start` before the first. */
  readonly endedFor: PeriodReason;
  /**
   * Why a Period that reaches an instant has to end there, if it has to.
   * @param graceUs how much longer it may last
   */
  overFor(time: Ticks, graceUs: Us): 'midnight' | 'max-recording' | undefined;
}

/**
 * Decides whether what comes next begins a new Period, and why.
 * @param picture the next one in decoding order; undefined for sound that no picture goes with
 * @param start media time at which it begins
 * @returns undefined when it belongs to the running Period
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

/** What does not come while a Period runs; spans in µs. */
export interface Absence {
  /** Since anything came that the Period could have. */
  mediaUs: Us;
  /** Since a picture was shown. */
  pictureUs: Us;
  /** The picture of the Period still stands for what the camera sees, see `isStill`. */
  isStill: boolean;
  /** How long the Period has lasted. */
  periodUs: Us;
}

/**
 * Decides whether the running Period has to end because its picture, or everything, has stopped: a hole
 * in it would stop players.
 */
export function absenceReason(
  { hasPicture }: Pick<RunningPeriod, 'hasPicture'>,
  { mediaUs, pictureUs, isStill, periodUs }: Absence,
): 'media-stopped' | 'picture-stopped' | undefined {
  if (isStill) return undefined;
  if (mediaUs > STALE_US) return periodUs > STALE_US ? 'media-stopped' : undefined;
  return hasPicture && pictureUs > STALE_US ? 'picture-stopped' : undefined;
}
