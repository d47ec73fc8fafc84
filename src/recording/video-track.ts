import type { LeadingKind, PictureReader, VideoCodec } from '../codecs/codec.ts';
import type { VideoConfiguration } from '../codecs/configuration.ts';
import { videoCodec } from '../codecs/registry.ts';
import type { AccessUnit } from '../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks, type Us } from '../media/media-time.ts';
import { type PictureOrientation, UPRIGHT } from '../media/picture-orientation.ts';
import { Timescale } from '../media/timescale.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { DroppedUnits } from './dropped-units.ts';
import { GradualRecovery } from './gradual-recovery.ts';
import { type Picture, PictureOrder } from './picture-order.ts';
import { SkippedPictures } from './skipped-pictures.ts';
import { TrackClock } from './track-clock.ts';
import { WallClockAnchor } from './wall-clock-anchor.ts';

/**
 * A timestamp is doubted if its step exceeds that of the arrival times by more than this, or goes
 * back by more, µs: pictures may be sent in another order than they are shown.
 */
const DOUBTFUL_US = 500_000;

/** Duration of a picture without a next or previous one: 1/30 s. */
const DEFAULT_DURATION: Ticks = TICKS_PER_SECOND / 30;
/** Minimum intended duration of a picture, 1 ms. */
const MOMENT: Ticks = TICKS_PER_SECOND / 1000;
/** How long to wait for a requested keyframe before a recovery point is used, µs. */
const KEYFRAME_WAIT_US = 1_000_000;

/**
 * How pictures that refer to a lost one are handled until the next keyframe or recovery point:
 * `freeze` drops them, so that everything recorded can be decoded, and holds the previous picture;
 * `keep` records them.
 */
export type OnLoss = 'freeze' | 'keep';

/**
 * The video of a publisher on its way to the recording: drops what cannot be decoded after a loss,
 * unless everything is kept, and holds each picture until later ones determine its place and
 * duration. No recorded picture refers to one that is dropped here.
 */
export class VideoTrack {
  /** Timescale of its RTP timestamps, the same for all codecs of the section. */
  readonly timescale: Timescale;
  anchor: WallClockAnchor;
  /** Arrival of the latest access unit; 0 before the first. */
  lastArrivalUs: Us = 0;
  /** Arrival of the latest one that was not dropped; 0 before the first. */
  takenUs: Us = 0;
  /** The sender has sent an RTCP BYE and nothing since. */
  isOff = false;
  /** Total time for which pictures were held because others were lost or dropped. */
  heldTicks: Ticks = 0;
  readonly #onLoss: OnLoss;
  readonly #dropped: DroppedUnits;
  readonly #requestKeyframe: () => void;
  /** True until a keyframe or recovery point: nothing can be decoded. */
  #frozen = true;
  /**
   * True if the receiver does not know of the loss, so that the keyframe must be requested here.
   */
  #asksForKeyframe = true;
  /** Arrival of the first dropped picture. */
  #frozenSinceUs: Us | undefined;
  #recovery: GradualRecovery | undefined;
  readonly #skipped = new SkippedPictures();
  #orientation = UPRIGHT;
  /** Pictures are missing before the next one. */
  #lost = false;
  readonly #order: PictureOrder;
  #lastDuration = DEFAULT_DURATION;
  readonly #section: MediaSection;
  #codec: VideoCodec;
  #reader: PictureReader;

  /**
   * @param section as negotiated; parameter sets in its formats are used
   * @param requestKeyframe requests a keyframe from the publisher
   */
  constructor(
    section: MediaSection,
    onLoss: OnLoss,
    dropped: DroppedUnits,
    requestKeyframe: () => void,
  ) {
    this.#requestKeyframe = requestKeyframe;
    this.#onLoss = onLoss;
    this.#dropped = dropped;
    this.#section = section;
    // The preferred codec; its pictures show if it is another.
    this.#codec = videoCodec(section.formats[0]!.codec);
    this.#reader = this.#codec.createReader(section.formats);
    this.timescale = new Timescale(this.#codec.description.clockRate);
    this.anchor = this.#newAnchor();
    this.#order = new PictureOrder(this.timescale.step);
  }

  /** Codec of the latest pictures. */
  get codec(): VideoCodec {
    return this.#codec;
  }

  /** Configuration of the latest keyframe or recovery point; undefined before the first. */
  get configuration(): VideoConfiguration | undefined {
    return this.#reader.configuration();
  }

  /** How pictures from the latest keyframe or recovery point on are to be shown. */
  get orientation(): PictureOrientation {
    return this.#orientation;
  }

  /**
   * Takes the next access unit; {@link VideoTrack.next} then returns the pictures that it
   * completes.
   * @param shown its presentation time on the track's own timeline
   */
  push(unit: AccessUnit, shown: Ticks): void {
    this.lastArrivalUs = unit.arrivalUs;
    this.isOff = false;
    if (unit.codec !== this.#codec.name) this.#changeCodec(unit.codec);
    const parts = this.#reader.toSample(unit);
    if (unit.discontinuity) this.#lost = true;
    const isRecoveryPoint = !unit.keyframe && this.#reader.isRecoveryPoint(parts);
    const configuration =
      unit.keyframe || isRecoveryPoint ? this.#reader.configuration() : undefined;
    const leading = this.#leadingKind(unit.keyframe, isRecoveryPoint, parts);
    const wasFrozen = this.#frozen;
    if (unit.keyframe) {
      // Without its parameter sets it cannot be decoded, or would be decoded with the wrong ones.
      if (configuration !== undefined || this.#onLoss === 'keep') this.#thaw();
      else this.freeze();
    } else if (unit.discontinuity && this.#onLoss === 'freeze') this.#frozen = true;
    if (this.#frozen) {
      this.#pushFrozen(unit, parts, shown, isRecoveryPoint);
      return;
    }
    if (parts.length === 0) {
      this.#dropped.empty++;
      return;
    }
    if (unit.keyframe) {
      if (wasFrozen && leading === 'skipped') this.#skipped.startAt(shown);
    } else if (this.#skipped.skips(shown)) {
      this.#dropped.undecodable++;
      return;
    }
    this.takenUs = unit.arrivalUs;
    this.#follow(unit);
    if (configuration !== undefined) this.#order.expect(configuration.reordering);
    this.#put(parts, shown, unit.keyframe, isRecoveryPoint, leading, configuration);
  }

  /**
   * Takes back the picture that came out last where a Period is to begin with it and pictures may lead
   * it that refer to what was before the Period: those are left out.
   * @returns false where none may: the Period begins with it as it is
   */
  startWith(picture: Picture): boolean {
    if (picture.leading !== 'skipped') return false;
    this.#skipped.startAt(picture.shown);
    this.#dropped.undecodable += this.#order.startWith(picture);
    picture.leading = 'decodable';
    return true;
  }

  #leadingKind(
    isKeyframe: boolean,
    isRecoveryPoint: boolean,
    parts: readonly Buffer[],
  ): LeadingKind {
    if (isKeyframe) return this.#reader.leading(parts);
    return isRecoveryPoint ? 'skipped' : 'none';
  }

  /**
   * Drops pictures until one at which decoding can start, because the later ones would have nothing
   * to refer to, and requests a keyframe unless such a picture is already waiting.
   */
  freeze(): void {
    if (this.#order.canStart) return;
    this.#frozen = true;
    this.#asksForKeyframe = true;
  }

  /** Waiting pictures of the previous codec are complete; those of the new one need a keyframe. */
  #changeCodec(name: string): void {
    this.#codec = videoCodec(name);
    this.#reader = this.#codec.createReader(this.#section.formats);
    this.#dropRecovery();
    this.#frozen = true;
    this.#asksForKeyframe = true;
  }

  #thaw(): void {
    this.#dropRecovery();
    this.#frozen = false;
    this.#asksForKeyframe = false;
    this.#frozenSinceUs = undefined;
    this.#skipped.clear();
  }

  /** Takes a unit while nothing can be decoded. */
  #pushFrozen(unit: AccessUnit, parts: Buffer[], shown: Ticks, isRecoveryPoint: boolean): void {
    this.#frozenSinceUs ??= unit.arrivalUs;
    if (this.#asksForKeyframe) this.#requestKeyframe();
    if (unit.discontinuity || this.#recovery?.isHopeless) this.#dropRecovery();
    const isPatient = unit.arrivalUs - this.#frozenSinceUs < KEYFRAME_WAIT_US;
    if (this.#recovery === undefined && isRecoveryPoint && !isPatient) {
      const recovery = this.#reader.recover(parts);
      if (this.#reader.configuration())
        this.#recovery = new GradualRecovery(recovery, this.timescale.step);
    }
    if (this.#recovery === undefined) {
      this.#dropped.undecodable++;
      return;
    }
    if (!this.#recovery.push(parts, shown)) return;
    const pictures = this.#recovery.finish();
    this.#orientation = unit.orientation ?? UPRIGHT;
    this.#recovery = undefined;
    this.#thaw();
    this.takenUs = unit.arrivalUs;
    this.#skipped.startAt(shown);
    const configuration = this.#reader.configuration()!;
    this.#order.expect(configuration.reordering);
    for (const [i, held] of pictures.entries()) {
      const isFirst = i === 0;
      this.#put(
        held.parts,
        held.shown,
        false,
        isFirst,
        'none',
        isFirst ? configuration : undefined,
      );
    }
  }

  #dropRecovery(): void {
    this.#dropped.undecodable += this.#recovery?.count ?? 0;
    this.#recovery = undefined;
  }

  /** Follows how the publisher turns its camera: files say it of all pictures from a keyframe on. */
  #follow({ keyframe, orientation = UPRIGHT }: AccessUnit): void {
    if (keyframe) this.#orientation = orientation;
    else if (orientation !== this.#orientation) this.#requestKeyframe();
  }

  #put(
    parts: Buffer[],
    shown: Ticks,
    keyframe: boolean,
    isRecoveryPoint: boolean,
    leading: LeadingKind,
    configuration: VideoConfiguration | undefined,
  ): void {
    this.#order.push({
      start: shown,
      end: shown,
      shown,
      lead: 0,
      keyframe,
      isRecoveryPoint,
      leading,
      lostBefore: this.#lost,
      parts,
      configuration,
      orientation: this.#orientation,
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
    } else if (duration >= MOMENT) this.#lastDuration = duration;
    return picture;
  }

  /** Whether the picture that {@link VideoTrack.next} returns next is a keyframe. */
  get isKeyframeNext(): boolean {
    return this.#order.first?.keyframe === true;
  }

  /** Whether a picture waits. */
  get isWaiting(): boolean {
    return this.#order.first !== undefined;
  }

  /**
   * The next picture that still waits, because no more will come; the last has the duration of the one
   * before it.
   * @param now the present on the track's own timeline: it does not last for longer, since the
   * next publisher's pictures and sound may begin there
   */
  finish(now: Ticks): Picture | undefined {
    this.#dropRecovery();
    const picture = this.#order.shiftLast();
    if (picture === undefined || this.isWaiting) return picture;
    const most = Math.max(DEFAULT_DURATION, now - picture.start);
    picture.end = picture.start + Math.min(this.#lastDuration, TICKS_PER_SECOND, most);
    return picture;
  }

  /** A new timeline of the sender begins; it must not be mixed with the old one. */
  restart(): void {
    this.anchor = this.#newAnchor(this.anchor);
    this.#order.clear();
    this.#dropRecovery();
    this.#frozen = true;
    this.#asksForKeyframe = true;
    this.#frozenSinceUs = undefined;
    this.#lost = false;
  }

  #newAnchor(before?: WallClockAnchor): WallClockAnchor {
    const clock = new TrackClock(this.timescale.perSecond, DOUBTFUL_US);
    return new WallClockAnchor(clock, before);
  }
}
