import { type H264Configuration, H264ParameterSets } from '../container/h264-parameter-sets.ts';
import { VIDEO_TIMESCALE } from '../container/initialization-segment.ts';
import type { AccessUnit } from '../rtp/access-unit.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { DroppedUnits } from './dropped-units.ts';
import { TrackClock } from './track-clock.ts';
import { WallClockAnchor } from './wall-clock-anchor.ts';

/** Duration of a picture that has none after it and none before: 1/30 s in ticks. */
const DEFAULT_DURATION = 3000;

/**
 * What becomes of pictures that refer to one that was lost, until the next keyframe: `freeze` drops
 * them, so that all that is recorded decodes, and holds the picture before; `keep` records them.
 */
export type OnLoss = 'freeze' | 'keep';

/** One picture whose duration is known. Times are ticks on the track's own timeline. */
export interface Picture {
  start: number;
  end: number;
  keyframe: boolean;
  /** NAL units to store, without parameter sets. */
  parts: Buffer[];
  /** For a keyframe: the parameter sets it needs; undefined when they never came. */
  configuration: H264Configuration | undefined;
}

/**
 * The video of one publisher on its way into the recording: drops what cannot be decoded after a
 * loss, unless all is kept, and holds each picture until the next one tells its duration.
 */
export class VideoTrack {
  anchor = new WallClockAnchor(new TrackClock(VIDEO_TIMESCALE));
  /** Arrival of the latest access unit, µs since the Unix epoch; 0 before the first. */
  lastArrivalUs = 0;
  /** Arrival of the latest one that was not dropped, µs since the Unix epoch; 0 before the first. */
  takenUs = 0;
  /** Ticks for which a picture was held because others were lost or dropped. */
  heldTicks = 0;
  readonly #onLoss: OnLoss;
  readonly #dropped: DroppedUnits;
  #frozen = false;
  /** Pictures are missing after the pending one. */
  #lost = false;
  #pending: Picture | undefined;
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
   * Takes the next access unit.
   * @param ticks its presentation time on the track's own timeline
   * @returns the picture before it, now that its end is known
   */
  push(unit: AccessUnit, ticks: number): Picture | undefined {
    this.lastArrivalUs = unit.arrivalUs;
    const parts = this.#parameterSets.strip(unit.parts);
    if (unit.discontinuity) this.#lost = true;
    if (unit.keyframe) this.#frozen = false;
    else if (unit.discontinuity && this.#onLoss === 'freeze') this.#frozen = true;
    if (this.#frozen) {
      this.#dropped.undecodable++;
      return undefined;
    }
    if (parts.length === 0) {
      this.#dropped.empty++;
      return undefined;
    }
    const before = this.#pending;
    if (before !== undefined && ticks <= before.start) {
      this.#dropped.disordered++;
      return undefined;
    }
    this.takenUs = unit.arrivalUs;
    this.#pending = {
      start: ticks,
      end: ticks,
      keyframe: unit.keyframe,
      parts,
      configuration: unit.keyframe ? this.#currentConfiguration() : undefined,
    };
    if (before === undefined) {
      this.#lost = false;
      return undefined;
    }
    before.end = ticks;
    const duration = ticks - before.start;
    if (this.#lost) this.heldTicks += Math.max(0, duration - this.#lastDuration);
    else this.#lastDuration = duration;
    this.#lost = false;
    return before;
  }

  /**
   * The last picture, with the duration of the one before it; nothing is pending after that.
   * @param now the present on the track's own timeline, ticks: it does not last for longer, since the
   * next publisher's pictures and sound may begin there
   */
  finish(now: number): Picture | undefined {
    const last = this.#pending;
    this.#pending = undefined;
    if (last === undefined) return undefined;
    const most = Math.max(DEFAULT_DURATION, now - last.start);
    last.end = last.start + Math.min(this.#lastDuration, VIDEO_TIMESCALE, most);
    return last;
  }

  /** A new sender's timeline begins: nothing of the old one may mix with it. */
  restart(): void {
    this.anchor = new WallClockAnchor(new TrackClock(VIDEO_TIMESCALE));
    this.#pending = undefined;
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
