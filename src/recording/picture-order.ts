import type { LeadingKind } from '../codecs/codec.ts';
import {
  NOT_REORDERED,
  type PictureReordering,
  type VideoConfiguration,
} from '../codecs/configuration.ts';
import { TICKS_PER_SECOND, type Ticks } from '../media/media-time.ts';
import type { PictureOrientation } from '../media/picture-orientation.ts';
import type { PlacedUnit } from './placed-unit.ts';

/**
 * Maximum number of pictures that can be decoded before one that is shown earlier (ITU-T H.264
 * §A.3.1 h).
 */
const MOST_DEPTH = 16;
/** How long reordering is observed if the stream does not declare it. */
const ACQUAINTANCE_TICKS: Ticks = TICKS_PER_SECOND / 2;
/**
 * Composition delays are rounded to multiples of this, so that jitter of timestamps does not change
 * them.
 */
const DELAY_STEP: Ticks = TICKS_PER_SECOND / 10;
/** Factor of reserve for pictures that arrive more slowly later. */
const DELAY_RESERVE = 2;

/**
 * A picture whose place is known, on the track's own timeline.
 *
 * Pictures arrive in decoding order and are shown in the order of their timestamps. Laid end to end
 * as they arrive, the nth picture gets the nth presentation time as its place, `start` to `end`:
 * the places are the presentation times in ascending order.
 */
export interface Picture extends PlacedUnit {
  /** Presentation time. Equal to `start` without reordering. */
  shown: Ticks;
  /**
   * The place in which the picture is shown, relative to its own: how many pictures later it
   * begins; negative for earlier. Undefined if that place could not be kept free, because the
   * reordering was not known.
   */
  lead: number | undefined;
  /** Pictures are missing before this one. */
  lostBefore: boolean;
  /** For a keyframe or recovery point: what may come after it and be shown before it. */
  leading: LeadingKind;
  /** For a keyframe or recovery point: its parameter sets; undefined if they never arrived. */
  configuration: VideoConfiguration | undefined;
  /** How it is to be shown. Periods have that of their keyframes. */
  orientation: PictureOrientation;
  /**
   * For a keyframe or recovery point: the composition delay that it and the following pictures
   * require.
   */
  compositionDelay: Ticks;
}

/**
 * Assigns places to pictures, which arrive in decoding order. Holds as many of them as may be
 * overtaken, and one more whose end the next one determines; a single one without reordering.
 */
export class PictureOrder {
  readonly #step: Ticks;
  /** Number of later pictures that must arrive before a place is certain. */
  #depth = 0;
  #reordering: PictureReordering = NOT_REORDERED;
  /** When the observation of reordering began; undefined when it is complete. */
  #acquaintedFrom: Ticks | undefined;
  /** In decoding order. */
  readonly #waiting: Picture[] = [];
  /** Presentation times that have not been assigned as places, ascending. */
  readonly #places: Ticks[] = [];
  /** The places assigned last; NaN for one that did not begin at a presentation time. */
  readonly #taken: Ticks[] = [];
  /** The latest presentation times since the last keyframe. */
  readonly #shown: Ticks[] = [];
  /** Start of the next place, which is the end of the previous one. */
  #next: Ticks | undefined;
  #latest: Ticks | undefined;
  /** Nothing that comes now is shown before this or then: a keyframe that nothing leads, or too far back. */
  #passed: Ticks = Number.NEGATIVE_INFINITY;
  /** Number of waiting pictures before a keyframe, which nothing can overtake any more. */
  #beforeKeyframe = 0;

  /** @param step minimum distance of two pictures: the resolution of the track's timescale */
  constructor(step: Ticks) {
    this.#step = step;
  }

  /** The next picture to be returned. */
  get first(): Picture | undefined {
    return this.#waiting[0];
  }

  /** True if a picture at which decoding can start is waiting. */
  get canStart(): boolean {
    return this.#waiting.some(({ keyframe, isRecoveryPoint }) => keyframe || isRecoveryPoint);
  }

  /**
   * Applies the reordering that a keyframe's parameter sets declare. Call it before the keyframe is
   * pushed.
   */
  expect(reordering: PictureReordering): void {
    const { most, isDeclared } = this.#reordering;
    if (reordering.most === most && reordering.isDeclared === isDeclared) return;
    this.#reordering = reordering;
    this.#depth = Math.min(reordering.most, MOST_DEPTH);
    this.#acquaintedFrom = reordering.isDeclared ? undefined : Number.NaN;
  }

  /**
   * Takes the next picture in decoding order. A picture whose timestamp does not advance, although
   * the stream is not reordered that much, is shown one step after all others, because others refer
   * to it.
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
   * The first picture, after the last push. The very last one has no end yet: its end equals
   * `start`. Afterwards the timeline is empty.
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

  /** Removes all pictures and their times. */
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

  /** The time of a picture that others overtook, or the first free time after it. */
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

  /** Observes the reordering if the stream does not declare it. */
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

  /**
   * The composition delay for pictures from a keyframe on, so that none is shown before its place.
   */
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

/** Maximum number of pictures that precede one that is shown earlier than all of them. */
function deepest(shown: readonly Ticks[]): number {
  let depth = 0;
  for (const [i, time] of shown.entries()) {
    let overtook = 0;
    for (let before = 0; before < i; before++) if (shown[before]! > time) overtook++;
    depth = Math.max(depth, overtook);
  }
  return depth;
}
