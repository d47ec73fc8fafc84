import { toUs, type Us } from '../media/media-time.ts';
import { absenceReason, ENDINGS, STALE_US } from './period-reason.ts';
import type { Periods } from './periods.ts';
import type { PublishedMedia } from './published-media.ts';
import type { RecordingOptions } from './recording-options.ts';
import { ASK_US, isStill } from './still-picture.ts';

/** How long sound waits for the first picture, µs. */
const VIDEO_WAIT_US = 3_000_000;

/**
 * Handles media that does not arrive. Call about four times a second, but not while media may still
 * wait in the sockets.
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

/** Ends a Period whose picture, or all of whose media, has stopped. */
function leaveStale(media: PublishedMedia, periods: Periods, mediaUs: Us, nowUs: Us): void {
  const period = periods.current;
  if (period === undefined) return;
  const { publisher } = media;
  const { video, audio, heardUs, seenUs, shownUs } = publisher;
  const isHeld =
    period.hasPicture &&
    video !== undefined &&
    isStill(video, nowUs, audio && nowUs - heardUs <= STALE_US);
  if (isHeld && nowUs - video.takenUs > ASK_US) publisher.askForKeyframe(nowUs);
  const reason = absenceReason(period, {
    mediaUs: nowUs - Math.max(heardUs, seenUs),
    pictureUs: nowUs - shownUs,
    isStill: isHeld,
    periodUs: mediaUs - toUs(period.start),
  });
  if (reason === ENDINGS.mediaStopped) media.endPeriod(reason);
  if (reason !== 'picture-stopped') return;
  const picture = media.pictures.finish();
  if (picture) media.pictures.writeLast(picture, periods.audio.end);
  media.sound.beginAlone(periods.audio.end);
  periods.moveSound();
}

/** Begins with sound alone if the picture does not arrive in time. */
function startWithoutVideo(media: PublishedMedia, periods: Periods, nowUs: number): void {
  const { video, waiting } = media.publisher;
  if (waiting.first === undefined || periods.current !== undefined || !periods.mayWrite()) return;
  if (video !== undefined && nowUs - waiting.sinceUs < VIDEO_WAIT_US) return;
  media.sound.beginAlone(waiting.first.start);
}
