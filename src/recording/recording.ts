import type { DayFolders } from '../day-folder/day-folders.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { PeriodReason } from '../facts/period-reason.ts';
import type { AccessUnit, TrackKind } from '../media/access-unit.ts';
import type { Ticks } from '../media/media-time.ts';
import type { PictureSize } from '../media/picture-size.ts';
import { shownSize } from '../media/shown-size.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { SenderReport } from '../rtp/sender-report.ts';
import { DroppedUnits } from './dropped-units.ts';
import { standInForMissing } from './missing-media.ts';
import { ENDINGS, type Ending, STALE_US } from './period-reason.ts';
import { type LatestPeriod, Periods } from './periods.ts';
import { PublishedMedia } from './published-media.ts';
import type { RecordingOptions } from './recording-options.ts';
import { StallWatch } from './stall-watch.ts';

/**
 * The recording of one stream: takes access units, places them on the wall clock and writes them as
 * Periods of segments in day folders. It may outlive a publisher that was lost: the media of the
 * next one continues in the same record, in a new Period. Only {@link Recording.close} waits for
 * the disk; media is accepted at once.
 *
 * Only what cannot be decoded is lost here: a failed write ends the Period with what is on disk,
 * and the next keyframe begins a new one as soon as the disk accepts it.
 *
 * An access unit goes through {@link PublishedMedia}, where it gets its place in time, to
 * {@link PictureWriter} or {@link SoundWriter}, which assign it to a Period, and from there over a
 * lane of {@link Periods} to that Period's track writer.
 */
export class Recording {
  /** Access units that were not recorded. */
  readonly dropped = new DroppedUnits();
  readonly #options: RecordingOptions;
  readonly #periods: Periods;
  readonly #stalls = new StallWatch();
  /** Media of the present publisher, if there is one. */
  #media: PublishedMedia | undefined;
  #restartsBefore = 0;
  #closed = false;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#periods = new Periods(options, this.dropped);
  }

  /**
   * From now on takes the media of a publisher, in place of any previous one.
   * @param sections at most one per kind
   * @param requestKeyframe requests a keyframe from the publisher
   */
  attach(sections: readonly MediaSection[], requestKeyframe: () => void): void {
    this.#leave(ENDINGS.tracksAttached);
    const { dropped } = this;
    const periods = this.#periods;
    this.#media = new PublishedMedia(sections, requestKeyframe, periods, dropped, this.#options);
  }

  /**
   * The publisher is gone: the Period ends, and the record waits for another publisher or for its
   * end.
   */
  detach(): void {
    this.#leave(ENDINGS.publisherLeft);
  }

  #leave(reason: Ending): void {
    const media = this.#media;
    if (this.#closed || media === undefined) return;
    media.flush();
    media.endPeriod(reason);
    this.dropped.late += media.publisher.waiting.clear();
    this.#restartsBefore += media.timelineRestarts;
    this.#media = undefined;
  }

  /** Takes the next access unit of a track. */
  accept(kind: TrackKind, unit: AccessUnit): void {
    this.#media?.accept(kind, unit);
  }

  /** Takes a sender report of a track. */
  report(kind: TrackKind, report: SenderReport): void {
    this.#media?.publisher.timeline.report(kind, report);
  }

  /**
   * The sender of a track sent an RTCP BYE (RFC 3550 §6.6): its camera is off until more arrives.
   */
  goodbye(kind: TrackKind): void {
    const video = this.#media?.publisher.video;
    if (kind === 'video' && video !== undefined) video.isOff = true;
  }

  /** The sender began a new timeline for a track with another SSRC. */
  restartTrack(kind: TrackKind): void {
    this.#media?.flush();
    this.#media?.restart(kind);
  }

  /** Does what is due; call about four times a second. */
  tick(): void {
    if (this.#closed) return;
    const { clock, now } = this.#options;
    const nowUs = now();
    const media = this.#media;
    const periods = this.#periods;
    media?.tick(nowUs);
    clock.steer(nowUs, media?.publisher.timeline.errorUs(nowUs));
    const isCatchingUp = this.#stalls.isCatchingUp(nowUs);
    if (media !== undefined) {
      if (!isCatchingUp) standInForMissing(media, periods, this.#options, nowUs);
      media.sound.write(false);
      const { publisher } = media;
      if (publisher.video && periods.current && periods.isOver(nowUs)) {
        publisher.askForKeyframe(nowUs);
      }
    }
    periods.tick(nowUs);
  }

  /** Resolves when all chunks that are complete now are written. */
  written(): Promise<void> {
    return this.#periods.written();
  }

  /** Ends the recording; resolves when all data is durable and the manifest is static. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.detach();
      this.#closed = true;
      this.#periods.close();
    }
    await this.#periods.written();
  }

  /** Why nothing can be written; undefined if there is no failure. */
  get error(): string | undefined {
    return this.#periods.error;
  }

  /** Identifier of the open record; undefined before its first sample. */
  get recordId(): string | undefined {
    return this.#periods.recordId;
  }

  /** Arrival of the latest media, µs since the Unix epoch; 0 before any of this publisher. */
  get lastArrivalUs(): number {
    const { seenUs = 0, heardUs = 0 } = this.#media?.publisher ?? {};
    return Math.max(seenUs, heardUs);
  }

  /**
   * How often a sender began a new timeline for a track, with another SSRC or timestamps that jump.
   */
  get timelineRestarts(): number {
    return this.#restartsBefore + (this.#media?.timelineRestarts ?? 0);
  }

  /** The Period that began last; undefined before the first. */
  get latestPeriod(): LatestPeriod | undefined {
    return this.#periods.latest;
  }

  /** Number of Periods by the reason for their start. */
  get periods(): Readonly<Partial<Record<PeriodReason, number>>> {
    return this.#periods.counts;
  }

  /** Kinds that were negotiated and have not arrived for some seconds. */
  missing(): TrackKind[] {
    return this.#media?.publisher.missingSince(this.#options.now() - STALE_US) ?? [];
  }

  /** Object path of the current day folder. */
  get folder(): string {
    return this.#periods.folder.path;
  }

  /** Object path of its manifest. */
  get manifestPath(): string {
    return this.#periods.folder.manifestPath;
  }

  /** Media time at which the recording ends so far; 0 if nothing was recorded. */
  get end(): Ticks {
    return this.#periods.laidEnd;
  }

  /**
   * Duration of lost media of a track that is concealed by a held picture or by silence, for the
   * present publisher, ms.
   */
  concealedMs(kind: TrackKind): number {
    return this.#media?.concealedMs(kind) ?? 0;
  }

  /** Displayed size of the pictures of the current Period, pixels; undefined without any. */
  get pictureSize(): PictureSize | undefined {
    const { configuration, orientation } = this.#periods.current ?? {};
    return configuration && shownSize(configuration, orientation);
  }

  /** RFC 6381 codecs string of a track in the present Period; undefined where it has none. */
  codecString(kind: TrackKind): string | undefined {
    const period = this.#periods.current;
    return (kind === 'video' ? period?.configuration : period?.sound)?.codecString;
  }

  /** See {@link DayFolders.edit}. */
  editFolder<T>(
    path: string,
    edit: (folder: PresentationFolder | undefined) => Promise<T>,
  ): Promise<T> {
    return this.#periods.editFolder(path, edit);
  }

  /**
   * Text of the manifest that is being written, if it has this object path; empty as long as there is nothing to
   * show.
   */
  manifest(path: string): string | undefined {
    const { folder } = this.#periods;
    return path === folder.manifestPath ? (folder.manifest ?? '') : undefined;
  }
}
