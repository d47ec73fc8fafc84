import type { VideoConfiguration } from '../codecs/configuration.ts';
import type { Ticks, Us } from '../media/media-time.ts';
import type { Picture } from './picture-order.ts';
import type { RunningPeriod } from './running-period.ts';

/** A Period that has to end waits so long for a keyframe before it ends at a recovery point, µs. */
const KEYFRAME_WAIT_US = 5_000_000;

/**
 * Why a Period begins, and the one before ended:
 * - `start`: it is the first one of the recording;
 * - `publisher-changed`: the publisher left or was lost, or another took its place;
 * - `tracks-changed`: the publisher sends other tracks than before;
 * - `timeline-restart`: a track began a new timeline, with another SSRC or timestamps that jump;
 * - `resolution-change`: the pictures have another size;
 * - `codec-change`: they have another codec, or other parameter sets;
 * - `reordering-change`: they are reordered by more than the initialization segment says;
 * - `midnight`: another UTC day, and day folder, begins;
 * - `max-recording`: the record is as long as a record may be;
 * - `picture-started`: a picture came where there was sound alone;
 * - `picture-stopped`: the picture stopped, and the sound goes on alone;
 * - `media-stopped`: nothing came for some seconds;
 * - `write-failed`: the Period before could not be written.
 */
export const PERIOD_REASONS = [
  'start',
  'publisher-changed',
  'tracks-changed',
  'timeline-restart',
  'resolution-change',
  'codec-change',
  'reordering-change',
  'midnight',
  'max-recording',
  'picture-started',
  'picture-stopped',
  'media-stopped',
  'write-failed',
] as const;

/** See {@link PERIOD_REASONS}. */
export type PeriodReason = (typeof PERIOD_REASONS)[number];

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
