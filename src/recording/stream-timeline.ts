import type { TrackKind } from '../media/access-unit.ts';
import type { Ticks } from '../media/media-time.ts';
import type { SenderReport } from '../rtp/sender-report.ts';
import type { AudioTrack } from './audio-track.ts';
import { LipSync } from './lip-sync.ts';
import { Standstill } from './standstill.ts';
import { goOnWhereLeft, SteadyArrivals, tellPlaces } from './steady-arrivals.ts';
import type { TrackWriter } from './track-writer.ts';
import type { VideoTrack } from './video-track.ts';
import { havePlausibleReports, settle, type WallClockAnchor } from './wall-clock-anchor.ts';

/** How long the sender reports of all tracks are awaited before times become final, µs. */
const REPORT_WAIT_US = 6_000_000;
/** The other track comes as usual if it is not later than this, µs. */
const IN_TIME_US = 250_000;
/** After this, a place becomes final in any case, µs. */
const STEADY_WAIT_US = 30_000_000;

/** Within this time the pictures of a stream show their reordering, µs. */
const ACQUAINTED_US = 500_000;

/** How long the wall-clock estimate from a track's packets stays valid, µs. */
const FRESH_US = 5_000_000;

/** Media time of each track. */
type TrackTimes = Record<TrackKind, Ticks>;

/**
 * The places of a publisher's tracks on the wall clock. They are provisional until the sender
 * reports are available, so writers that began before are moved when the places become final.
 */
export class StreamTimeline {
  readonly #video: VideoTrack | undefined;
  readonly #audio: AudioTrack | undefined;
  #unsettled: TrackWriter[] = [];
  #provisionalSinceUs: number | undefined;
  readonly #arrivals = new SteadyArrivals();
  /** Ends of what was written before the first unsettled writer of each kind: none may be moved before it. */
  #floor: TrackTimes = { video: 0, audio: 0 };
  #lipSync: LipSync | undefined;
  /** The latest report of pictures of which nothing tells yet whether they are reordered. */
  #early: { anchor: WallClockAnchor; report: SenderReport } | undefined;
  readonly #standstills: Partial<Record<TrackKind, Standstill>> = {};
  #tickedUs = 0;

  constructor(video: VideoTrack | undefined, audio: AudioTrack | undefined) {
    this.#video = video;
    this.#audio = audio;
  }

  /** Start of a track's own timeline in media time; 0 before {@link StreamTimeline.anchor}. */
  base(kind: TrackKind): Ticks {
    return this.#anchor(kind)?.base ?? 0;
  }

  /** True once a track has a place, even a provisional one. */
  isAnchored(kind: TrackKind): boolean {
    return this.#anchor(kind)?.offsetUs !== undefined;
  }

  /**
   * Gives a track whose clock has begun a provisional place, unless it has one.
   * @param nowUs µs since the Unix epoch
   * @param correctionUs our wall clock minus the stream's media time, µs
   */
  anchor(kind: TrackKind, nowUs: number, correctionUs: number): void {
    const anchor = this.#anchor(kind)!;
    if (anchor.offsetUs !== undefined) return;
    this.#takeEarlyReport();
    this.#provisionalSinceUs ??= nowUs;
    anchor.begin();
    this.#arrivals.begin(kind, anchor);
    if (this.#isInTime(kind === 'video' ? 'audio' : 'video', nowUs)) anchor.continuedUs = undefined;
    if (anchor.continuedUs !== undefined) anchor.offsetUs = anchor.continuedUs;
    else settle([...this.#anchors().filter((other) => other.locked), anchor], correctionUs);
  }

  /** True if a track comes as usual, so that the other one alone was held up. */
  #isInTime(kind: TrackKind, nowUs: number): boolean {
    const anchor = this.#anchor(kind);
    const latenessUs =
      anchor?.continuedUs === undefined ? anchor?.clock.latenessUs(nowUs) : undefined;
    return latenessUs !== undefined && latenessUs < IN_TIME_US;
  }

  /** Takes a sender report of a track. */
  report(kind: TrackKind, report: SenderReport): void {
    const { ntpUs, rtpTimestamp, arrivalUs } = report;
    if (kind === 'video') this.#early = undefined;
    if (kind === 'video' && this.#isUnacquainted()) {
      const { anchor, configuration } = this.#video!;
      const isEarly = configuration === undefined && anchor.clock.latestArrivalUs > 0;
      if (isEarly) this.#early = { anchor, report };
      return;
    }
    this.#anchor(kind)?.clock.report(ntpUs, rtpTimestamp, arrivalUs);
    const [video, audio] = [this.#video?.anchor, this.#audio?.anchor];
    if (kind !== 'audio' || !video?.locked || !audio?.locked) return;
    if (!this.#lipSync?.isOf(video, audio)) this.#lipSync = new LipSync(video, audio);
    this.#lipSync.observe();
  }

  /**
   * True while it does not show yet how pictures are reordered: a media server's report of a picture that is
   * shown after later ones is late by that, compared with those of others.
   */
  #isUnacquainted(): boolean {
    const { configuration, anchor } = this.#video ?? {};
    if (anchor === undefined || configuration?.reordering.most === 0) return false;
    return anchor.clock.ageUs < ACQUAINTED_US;
  }

  /** Takes the early report if it turns out that pictures are not reordered, or shows by now how. */
  #takeEarlyReport(): void {
    if (this.#early === undefined || this.#isUnacquainted()) return;
    const { anchor, report } = this.#early;
    this.#early = undefined;
    const { configuration } = this.#video!;
    if (anchor !== this.#video!.anchor || (configuration?.reordering.most ?? 0) > 0) return;
    anchor.clock.report(report.ntpUs, report.rtpTimestamp, report.arrivalUs);
  }

  /**
   * Moves the picture towards the sound, a little at each of about four calls a second.
   * @param nowUs µs since the Unix epoch
   */
  tick(nowUs: number): void {
    const elapsedUs = nowUs - this.#tickedUs;
    this.#tickedUs = nowUs;
    const [video, audio] = [this.#video?.anchor, this.#audio?.anchor];
    const late = { video: video?.clock.latenessUs(nowUs), audio: audio?.clock.latenessUs(nowUs) };
    // A pause is corrected in one step, so the picture must not be adjusted for it meanwhile.
    const isPaused = late.video === undefined || late.audio === undefined;
    const isOpen = this.#standstills.video?.isOpen(nowUs) || this.#standstills.audio?.isOpen(nowUs);
    if (!isPaused && !isOpen && this.#lipSync?.isOf(video, audio)) this.#lipSync.correct(elapsedUs);
    if (video) this.#goOn('video', video, nowUs, late.audio);
    if (audio) this.#goOn('audio', audio, nowUs, late.video);
  }

  /**
   * Decides at once whether the timestamps of a track stood still whose latest unit is placed where silence
   * was laid already.
   * @param arrivalUs of the unit, µs since the Unix epoch
   * @returns how much later the unit belongs
   */
  goOnAfterSilence(kind: TrackKind, arrivalUs: number): Ticks {
    const anchor = this.#anchor(kind)!;
    const other = this.#anchor(kind === 'video' ? 'audio' : 'video');
    const lackUs = this.#standstill(kind, anchor).lackOfFilledUs(
      arrivalUs,
      other?.clock.latenessUs(arrivalUs),
    );
    if (lackUs === 0) return 0;
    this.#lipSync = undefined;
    return this.#track(kind)!.timescale.toTicks(anchor.clock.leap(lackUs));
  }

  #standstill(kind: TrackKind, anchor: WallClockAnchor): Standstill {
    const known = this.#standstills[kind];
    if (known?.isOf(anchor)) return known;
    const standstill = new Standstill(anchor);
    this.#standstills[kind] = standstill;
    return standstill;
  }

  /** Corrects a track whose timestamps stood still. */
  #goOn(
    kind: TrackKind,
    anchor: WallClockAnchor,
    nowUs: number,
    otherLatenessUs: number | undefined,
  ): void {
    const lackUs = this.#standstill(kind, anchor).lackUs(nowUs, otherLatenessUs);
    if (lackUs === 0) return;
    // Its measurements date from before the correction.
    this.#lipSync = undefined;
    // Written media does not move, so a step back is impossible: the picture is adjusted instead.
    if (lackUs < 0) this.#hurry();
    else anchor.clock.leap(lackUs);
  }

  /** Adjusts the picture according to the latest reports. */
  #hurry(): void {
    const [video, audio] = [this.#video?.anchor, this.#audio?.anchor];
    if (!video?.locked || !audio?.locked) return;
    this.#lipSync = new LipSync(video, audio);
    this.#lipSync.hurry();
  }

  /**
   * Takes over the times of a new writer, which become final at once or as soon as the places do.
   * @param end of what was written of its kind so far
   */
  adopt(writer: TrackWriter, end: Ticks): void {
    if (this.#provisionalSinceUs === undefined) {
      writer.settle(0);
      return;
    }
    // What unsettled writers have written is moved with it.
    if (!this.#unsettled.some(({ kind }) => kind === writer.kind)) this.#floor[writer.kind] = end;
    this.#unsettled.push(writer);
  }

  /** Releases a writer that was given up. */
  abandon(writer: TrackWriter): void {
    this.#unsettled = this.#unsettled.filter((other) => other !== writer);
  }

  /**
   * Makes the places final once all tracks' reports are available or have been awaited long enough,
   * and moves the writers.
   * @param nowUs µs since the Unix epoch
   * @param force do not wait any longer
   * @param correctionUs our wall clock minus the stream's media time, µs
   * @returns the delay of each track; undefined if nothing was decided
   */
  settle(nowUs: number, force: boolean, correctionUs: number): TrackTimes | undefined {
    if (this.#provisionalSinceUs === undefined) return undefined;
    this.#takeEarlyReport();
    const anchors = this.#anchors();
    const expected = (this.#video ? 1 : 0) + (this.#audio ? 1 : 0);
    const steadyUs = this.#arrivals.steadyUs({
      ...(this.isAnchored('video') && { video: this.#anchor('video')! }),
      ...(this.isAnchored('audio') && { audio: this.#anchor('audio')! }),
    });
    if (!force) {
      const complete = anchors.length === expected && havePlausibleReports(anchors);
      const waitedUs = nowUs - this.#provisionalSinceUs;
      const isTold = tellPlaces(anchors, steadyUs, correctionUs);
      if (waitedUs < (complete ? 0 : REPORT_WAIT_US)) return undefined;
      if (waitedUs < (isTold ? 0 : STEADY_WAIT_US)) return undefined;
    }
    const before = { video: this.base('video'), audio: this.base('audio') };
    settle(anchors, correctionUs);
    goOnWhereLeft(anchors, steadyUs);
    const overlap = this.#overlap(this.#shiftSince(before));
    for (const anchor of anchors) {
      if (anchor.locked) continue;
      anchor.lock(correctionUs);
      if (overlap > 0) anchor.delay(overlap);
    }
    this.#provisionalSinceUs = undefined;
    const shift = this.#shiftSince(before);
    const moved: TrackTimes = { video: 0, audio: 0 };
    for (const kind of ['video', 'audio'] as const) {
      const writers = this.#unsettled.filter((writer) => writer.kind === kind);
      const ticks = this.#fileShift(writers, shift[kind]);
      if (writers.some(({ startTime }) => startTime !== undefined)) moved[kind] = ticks;
      for (const writer of writers) writer.settle(ticks);
    }
    this.#unsettled = [];
    return moved;
  }

  /**
   * Our wall clock minus the media time of the tracks with final places, according to their least
   * delayed packets, µs; undefined if none was received lately.
   * @param nowUs µs since the Unix epoch
   */
  errorUs(nowUs: number): number | undefined {
    let least: number | undefined;
    for (const anchor of this.#anchors()) {
      if (!anchor.locked || nowUs - anchor.clock.latestArrivalUs > FRESH_US) continue;
      const errorUs = anchor.errorUs;
      if (least === undefined || errorUs < least) least = errorUs;
    }
    return least;
  }

  #anchor(kind: TrackKind): WallClockAnchor | undefined {
    return this.#track(kind)?.anchor;
  }

  #track(kind: TrackKind): VideoTrack | AudioTrack | undefined {
    return kind === 'video' ? this.#video : this.#audio;
  }

  #anchors(): WallClockAnchor[] {
    const anchors = [this.#video?.anchor, this.#audio?.anchor];
    return anchors.filter((anchor) => anchor?.offsetUs !== undefined) as WallClockAnchor[];
  }

  #shiftSince(before: TrackTimes): TrackTimes {
    const video = this.base('video') - before.video;
    // A track whose sound never began has only silence, which moves with the picture.
    if (this.#audio?.anchor.offsetUs === undefined) return { video, audio: video };
    return { video, audio: this.base('audio') - before.audio };
  }

  /** How far a shift would move samples into those of an earlier Period. */
  #overlap(shift: TrackTimes): Ticks {
    let most = 0;
    for (const { kind, startTime } of this.#unsettled) {
      if (startTime === undefined) continue;
      most = Math.max(most, this.#floor[kind] - (startTime + shift[kind]));
    }
    return most;
  }

  /**
   * The shift of a kind in steps that the files of all its writers can express. All are moved by the
   * same, so that none begins before the end of the one before it, nor before the floor.
   */
  #fileShift(writers: readonly TrackWriter[], shift: Ticks): Ticks {
    // Each timescale divides the coarser ones.
    const [coarsest] = writers.map(({ timescale }) => timescale).sort((a, b) => b.step - a.step);
    if (coarsest === undefined) return 0;
    let ticks = coarsest.round(shift);
    for (const { kind, startTime } of writers) {
      if (startTime === undefined) continue;
      ticks = Math.max(ticks, coarsest.ceil(this.#floor[kind] - startTime));
    }
    return ticks;
  }
}
