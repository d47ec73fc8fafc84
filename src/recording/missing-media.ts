import { toUs, type Us } from '../media/media-time.ts';
import type { Periods } from './periods.ts';
import type { PublishedMedia } from './published-media.ts';
import type { RecordingOptions } from './recording-options.ts';
import { ASK_US, isStill } from './still-picture.ts';

/** Sound that is there before the first picture waits this long for it, µs. */
const VIDEO_WAIT_US = 3_000_000;
/** Without media for this long a Period ends; what comes later begins another, µs. */
export const STALE_US = 5_000_000;

/**
 * What becomes of a Period while media does not come. Call about four times a second, but not while
 * media may wait in the sockets: that is not missing.
 * @param nowUs µs since the Unix epoch
 */
export function standInForMissing(
  media: PublishedMedia,
  periods: Periods,
  { clock }: Pick<RecordingOptions, 'clock'>,
  nowUs: number,
): void {
  media.sound.fillSilence(nowUs);
  leaveStale(media, periods, clock.mediaUs(nowUs), nowUs);
  startWithoutVideo(media, periods, nowUs);
}

/** Ends a Period whose picture, or everything, has stopped: a hole in it would stop players. */
function leaveStale(media: PublishedMedia, periods: Periods, mediaUs: Us, nowUs: Us): void {
  const period = periods.current;
  if (period === undefined) return;
  const { publisher } = media;
  const { video, audio, heardUs, seenUs, shownUs } = publisher;
  if (period.hasPicture && video !== undefined) {
    if (isStill(video, nowUs, audio && nowUs - heardUs <= STALE_US)) {
      if (nowUs - video.takenUs > ASK_US) publisher.askForKeyframe(nowUs);
      return;
    }
  }
  if (nowUs - Math.max(heardUs, seenUs) > STALE_US) {
    if (mediaUs - toUs(period.start) > STALE_US) media.endPeriod('media-stopped');
  } else if (period.hasPicture && nowUs - shownUs > STALE_US) {
    const picture = media.pictures.finish();
    if (picture) media.pictures.writeLast(picture, periods.audio.end);
    media.sound.beginAlone(periods.audio.end);
    periods.moveSound();
  }
}

/** Begins with sound alone where the picture keeps it waiting. */
function startWithoutVideo(media: PublishedMedia, periods: Periods, nowUs: number): void {
  const { video, waiting } = media.publisher;
  if (waiting.first === undefined || periods.current !== undefined || !periods.mayWrite()) return;
  if (video !== undefined && nowUs - waiting.sinceUs < VIDEO_WAIT_US) return;
  media.sound.beginAlone(waiting.first.start);
}
