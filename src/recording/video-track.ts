import { type H264Configuration, H264ParameterSets } from '../container/h264-parameter-sets.ts';
import { VIDEO_TIMESCALE } from '../container/initialization-segment.ts';
import type { AccessUnit } from '../rtp/access-unit.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { DroppedUnits } from './dropped-units.ts';
import { type Picture, PictureOrder } from './picture-order.ts';
import { TrackClock } from './track-clock.ts';
import { WallClockAnchor } from './wall-clock-anchor.ts';

/**
 * Timestamps that step by so much more than the arrival times, or back, are doubted, µs: pictures
 * may be sent in another order than they are shown.
 */
const DOUBTFUL_US = 500_000;

/** Duration of a picture that has none after it and none before: 1/30 s in ticks. */
const DEFAULT_DURATION = 3000;

/**
 * What becomes of pictures that refer to one that was lost, until the next keyframe: `freeze` drops
 * them, so that all that is recorded decodes, and holds the picture before; `keep` records them.
 */
export type OnLoss = 'freeze' | 'keep';

/**
 * The video of one publisher on its way into the recording: drops what cannot be decoded after a
 * loss, unless all is kept, and holds each picture until later ones tell its place and duration.
 * Nothing that is dropped here is referred to by what goes on.
 */
export class VideoTrack {
  anchor = new WallClockAnchor(new TrackClock(VIDEO_TIMESCALE, DOUBTFUL_US));
  /** Arrival of the latest access unit, µs since the Unix epoch; 0 before the first. */
  lastArrivalUs = 0;
  /** Arrival of the latest one that was not dropped, µs since the Unix epoch; 0 before the first. */
  takenUs = 0;
  /** Ticks for which a picture was held because others were lost or dropped. */
  heldTicks = 0;
  readonly #onLoss: OnLoss;
  readonly #dropped: DroppedUnits;
  #frozen = false;
  /** Pictures are missing before the next one. */
  #lost = false;
  readonly #order = new PictureOrder();
  #lastDuration = DEFAULT_DURATION;
  #configuration: H264Configuration | undefined;
  readonly #parameterSets = new H264ParameterSets();

  /** @param section as negotiated; its `sprop-parameter-sets` (RFC 6184 §8.1) are taken up */
  constructor(section: MediaSection, onLoss: OnLoss, dropped: DroppedUnits) {
    this.#onLoss = onLoss;
    this.#dropped = dropped;
    for (const format of section.formats) {
      const sets = format.parameters['sprop-parameter-sets'];
      if (format.codec !== 'h264' || sets === undefined) continue;
      this.#parameterSets.strip(sets.split(',').map((set) => Buffer.from(set, 'base64')));
    }
  }

  /**
   * Takes the next access unit; {@link VideoTrack.next} then has the pictures that it completes.
   * @param ticks its presentation time on the track's own timeline
   */
  push(unit: AccessUnit, ticks: number): void {
    this.lastArrivalUs = unit.arrivalUs;
    const parts = this.#parameterSets.strip(unit.parts);
    if (unit.discontinuity) this.#lost = true;
    if (unit.keyframe) this.#frozen = false;
    else if (unit.discontinuity && this.#onLoss === 'freeze') this.#frozen = true;
    if (this.#frozen) {
      this.#dropped.undecodable++;
      return;
    }
    if (parts.length === 0) {
      this.#dropped.empty++;
      return;
    }
    this.takenUs = unit.arrivalUs;
    const configuration = unit.keyframe ? this.#currentConfiguration() : undefined;
    if (configuration !== undefined) this.#order.expect(configuration.reordering);
    this.#order.push({
      start: ticks,
      end: ticks,
      shown: ticks,
      lead: 0,
      keyframe: unit.keyframe,
      lostBefore: this.#lost,
      parts,
      configuration,
      compositionDelay: 0,
    });
    this.#lost = false;
  }

  /** The next picture in decoding order whose place and end are known. */
  next(): Picture | undefined {
    const picture = this.#order.shift();
    if (picture === undefined) return undefined;
    const duration = picture.end - picture.start;
    if (this.#order.first?.lostBefore) {
      this.heldTicks += Math.max(0, duration - this.#lastDuration);
    } else this.#lastDuration = duration;
    return picture;
  }

  /**
   * The pictures that still wait, the last with the duration of the one before it.
   * @param now the present on the track's own timeline, ticks: it does not last for longer, since the
   * next publisher's pictures and sound may begin there
   */
  finish(now: number): Picture[] {
    const pictures: Picture[] = [];
    for (let each = this.#order.shiftLast(); each; each = this.#order.shiftLast()) {
      pictures.push(each);
    }
    const last = pictures.at(-1);
    if (last === undefined) return pictures;
    const most = Math.max(DEFAULT_DURATION, now - last.start);
    last.end = last.start + Math.min(this.#lastDuration, VIDEO_TIMESCALE, most);
    return pictures;
  }

  /** A new sender's timeline begins: nothing of the old one may mix with it. */
  restart(): void {
    this.anchor = new WallClockAnchor(new TrackClock(VIDEO_TIMESCALE, DOUBTFUL_US));
    this.#order.clear();
    this.#frozen = true;
    this.#lost = false;
  }

  #currentConfiguration(): H264Configuration | undefined {
    if (this.#configuration === undefined || this.#parameterSets.changed) {
      this.#configuration = this.#parameterSets.current();
    }
    return this.#configuration;
  }
}
