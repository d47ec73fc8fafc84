import type { LeadingKind } from '../codecs/codec.ts';
import {
  NOT_REORDERED,
  type PictureReordering,
  type VideoConfiguration,
} from '../codecs/configuration.ts';
import { TICKS_PER_SECOND, type Ticks } from '../media/media-time.ts';
import type { PictureOrientation } from '../media/picture-orientation.ts';
import type { PlacedUnit } from './placed-unit.ts';

/** Most pictures that can be decoded before one which is shown earlier (ITU-T H.264 §A.3.1 h). */
const MOST_DEPTH = 16;
/** How long it is looked out for reordering where a stream does not say how much there is. */
const ACQUAINTANCE_TICKS: Ticks = TICKS_PER_SECOND / 2;
/** Composition delays are multiples of this: jitter of timestamps must not make it another. */
const DELAY_STEP: Ticks = TICKS_PER_SECOND / 10;
/** … with this much to spare for pictures that come more slowly later. */
const DELAY_RESERVE = 2;

/**
 * One picture whose place among the others is known, on the track's own timeline.
 *
 * Pictures are decoded in the order in which they come and shown in that of their timestamps. Laid end
 * to end as they come, each takes the place, `start` to `end`, of the one that is shown when so many
 * have been: the places are the times of showing in rising order.
 */
export interface Picture extends PlacedUnit {
  /** When it is shown. Without reordering that is `start`. */
  shown: Ticks;
  /**
   * How many pictures later the place begins that this one is shown in; negative: earlier. Undefined
   * where that place could not be kept free, because it was not known that the stream is reordered.
   */
  lead: number | undefined;
  /** Pictures are missing before it. */
  lostBefore: boolean;
  /** For a keyframe or recovery point: what may come after it and be shown before it. */
  leading: LeadingKind;
  /**
   * For a keyframe or recovery point: the parameter sets it needs; undefined when they never came.
   */
  configuration: VideoConfiguration | undefined;
  /** How it is to be shown. Periods have that of their keyframes. */
  orientation: PictureOrientation;
  /** For those two: the composition delay that the pictures from it on ask for. */
  compositionDelay: Ticks;
}

/**
 * Puts pictures, which come in decoding order, into their places. Holds as many of them as may be
 * overtaken and one more, whose end the next one tells: one in all where nothing is reordered.
 */
export class PictureOrder {
  readonly #step: Ticks;
  /** Pictures that are waited for before the place of one is certain. */
  #depth = 0;
  #reordering: PictureReordering = NOT_REORDERED;
  /** Begin of the look out for reordering; undefined when that is over. */
  #acquaintedFrom: Ticks | undefined;
  /** In decoding order. */
  readonly #waiting: Picture[] = [];
  /** Times of showing that no picture has taken as its place yet, rising. */
  readonly #places: Ticks[] = [];
  /** The places taken last; NaN for one that did not begin at the time of showing. */
  readonly #taken: Ticks[] = [];
  /** Times of showing since the last keyframe, the latest ones. */
  readonly #shown: Ticks[] = [];
  /** Where the next place begins, as the one before has said. */
  #next: Ticks | undefined;
  #latest: Ticks | undefined;
  /** Nothing that comes now is shown before this or then: a keyframe that nothing leads, or too far back. */
  #passed: Ticks = Number.NEGATIVE_INFINITY;
  /** Of those that wait: how many stand before a keyframe, so that nothing overtakes them any more. */
  #beforeKeyframe = 0;

  /** @param step the least that two pictures may be apart: that of the track's timescale */
  constructor(step: Ticks) {
    this.#step = step;
  }

  /** The picture that comes out next. */
  get first(): Picture | undefined {
    return this.#waiting[0];
  }

  /** Whether a picture that decoding can start with waits. */
  get canStart(): boolean {
    return this.#waiting.some(({ keyframe, isRecoveryPoint }) => keyframe || isRecoveryPoint);
  }

  /** Takes up what a keyframe's parameter sets say. To be called before it is pushed. */
  expect(reordering: PictureReordering): void {
    const { most, isDeclared } = this.#reordering;
    if (reordering.most === most && reordering.isDeclared === isDeclared) return;
    this.#reordering = reordering;
    this.#depth = Math.min(reordering.most, MOST_DEPTH);
    this.#acquaintedFrom = reordering.isDeclared ? undefined : Number.NaN;
  }

  /**
   * Takes the next picture in decoding order. One whose timestamp does not go on, though pictures are
   * not reordered by so much, is shown the smallest step after all others: others refer to it.
   * @param picture with its timestamp as `shown`
   */
  push(picture: Picture): void {
    const isBarrier = picture.keyframe && picture.leading === 'none';
    if (isBarrier) {
      this.#beforeKeyframe = this.#waiting.length;
      this.#shown.length = 0;
    }
    if (this.#latest !== undefined && picture.shown <= this.#latest) {
      picture.shown = this.#freeAt(picture.shown) ?? this.#latest + this.#step;
    }
    const { shown } = picture;
    if (this.#latest === undefined || shown > this.#latest) this.#latest = shown;
    if (isBarrier) this.#passed = shown;
    if (this.#reordering.most > 0) this.#noteShown(shown);
    this.#addPlace(shown);
    this.#waiting.push(picture);
  }

  #addPlace(shown: Ticks): void {
    const places = this.#places;
    places.push(shown);
    for (let at = places.length - 1; at > 0 && places[at - 1]! > shown; at--) {
      places[at] = places[at - 1]!;
      places[at - 1] = shown;
    }
  }

  /** The first picture, once its place is certain. */
  shift(): Picture | undefined {
    if (this.#places.length < 2) return undefined;
    if (this.#beforeKeyframe > 0) this.#beforeKeyframe--;
    else if (this.#places.length < this.#depth + 2) return undefined;
    const picture = this.#waiting.shift()!;
    const place = this.#takePlace(picture);
    picture.end = Math.max(picture.start + this.#step, this.#places[0]!);
    this.#next = picture.end;
    // What was taken back has its delay: where others were left out, places lie farther apart.
    if ((picture.keyframe || picture.isRecoveryPoint) && picture.compositionDelay === 0) {
      picture.compositionDelay = this.#delayFrom(place);
    }
    return picture;
  }

  /**
   * Takes back the picture that came out last, because decoding starts with it: what leads it is left
   * out, and it is shown for as long as that would have been and itself.
   * @returns how many of those that wait lead it
   */
  startWith(picture: Picture): number {
    const { start, shown } = picture;
    const count = this.#waiting.length;
    const follows = this.#waiting.filter((other) => other.keyframe || other.shown > shown);
    // Places are in rising order: those of the pictures that are left out come first.
    replace(this.#places, [start, ...this.#places.slice(this.#places.length - follows.length)]);
    replace(this.#waiting, [picture, ...follows]);
    this.#beforeKeyframe = Math.max(
      0,
      this.#waiting.findLastIndex(({ keyframe, leading }) => keyframe && leading === 'none'),
    );
    this.#taken.pop();
    this.#next = start;
    picture.shown = start;
    return count - follows.length;
  }

  /**
   * The first picture, because no more will come. The last one of them has no end yet: it is `start`.
   * Nothing is left of the timeline after that.
   */
  shiftLast(): Picture | undefined {
    if (this.#waiting.length > 1) {
      this.#beforeKeyframe = this.#waiting.length - 1;
      return this.shift();
    }
    const picture = this.#waiting.shift();
    if (picture !== undefined) {
      this.#takePlace(picture);
      picture.end = picture.start;
    }
    this.clear();
    return picture;
  }

  /** Forgets all pictures and their times. */
  clear(): void {
    this.#waiting.length = 0;
    this.#places.length = 0;
    this.#taken.length = 0;
    this.#shown.length = 0;
    this.#next = undefined;
    this.#latest = undefined;
    this.#passed = Number.NEGATIVE_INFINITY;
    this.#beforeKeyframe = 0;
  }

  #takePlace(picture: Picture): Ticks {
    const place = this.#places.shift()!;
    picture.start = this.#next ?? place;
    const isKeptFree = picture.start === place;
    if (this.#reordering.most > 0) {
      this.#taken.push(isKeptFree ? place : Number.NaN);
      if (this.#taken.length > MOST_DEPTH + 1) this.#taken.shift();
    }
    picture.lead = isKeptFree ? this.#lead(picture.shown, place) : undefined;
    return place;
  }

  #lead(shown: Ticks, place: Ticks): number | undefined {
    if (shown === place) return 0;
    if (shown > place) return this.#places.indexOf(shown) + 1;
    const taken = this.#taken.lastIndexOf(shown);
    return taken < 0 ? undefined : taken - (this.#taken.length - 1);
  }

  /** The time of a picture that others overtook, or the first after it that is free. */
  #freeAt(ticks: Ticks): Ticks | undefined {
    const { most } = this.#reordering;
    if (ticks <= this.#passed) return undefined;
    const overtook = this.#shown.reduce((count, shown) => count + (shown > ticks ? 1 : 0), 0);
    if (overtook === 0 || overtook > most) return undefined;
    this.#depth = Math.max(this.#depth, overtook);
    let free = ticks;
    while (this.#shown.includes(free)) free += this.#step;
    return free;
  }

  /** Looks how far the pictures are reordered, where the stream does not say it. */
  #noteShown(shown: Ticks): void {
    this.#shown.push(shown);
    if (this.#shown.length > MOST_DEPTH + 2) {
      this.#passed = Math.max(this.#passed, this.#shown.shift()!);
    }
    if (this.#acquaintedFrom === undefined) return;
    if (Number.isNaN(this.#acquaintedFrom)) this.#acquaintedFrom = shown;
    const isOver = shown - this.#acquaintedFrom >= ACQUAINTANCE_TICKS;
    if (!isOver && this.#shown.length <= this.#reordering.most) return;
    this.#acquaintedFrom = undefined;
    this.#depth = deepest(this.#shown);
  }

  /** What pictures from a keyframe on have to be delayed by, so that none is shown before its place. */
  #delayFrom(place: Ticks): Ticks {
    if (this.#depth === 0) return 0;
    const last = this.#places[Math.min(this.#depth, this.#places.length) - 1] ?? place;
    const steps = Math.ceil((DELAY_RESERVE * (last - place)) / DELAY_STEP);
    return Math.max(1, steps) * DELAY_STEP;
  }
}

function replace<T>(list: T[], by: readonly T[]): void {
  list.splice(0, list.length, ...by);
}

/** The most pictures that stand before one which is shown earlier than all of them. */
function deepest(shown: readonly Ticks[]): number {
  let depth = 0;
  for (const [i, time] of shown.entries()) {
    let overtook = 0;
    for (let before = 0; before < i; before++) if (shown[before]! > time) overtook++;
    depth = Math.max(depth, overtook);
  }
  return depth;
}
