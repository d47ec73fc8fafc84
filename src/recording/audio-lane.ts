import type { Silence } from '../codecs/configuration.ts';
import { TICKS_PER_SECOND, type Ticks, toUs, type Us } from '../media/media-time.ts';
import type { Timescale } from '../media/timescale.ts';
import type { AudioPacket } from './audio-track.ts';
import type { DroppedUnits } from './dropped-units.ts';
import type { PlacedUnit } from './placed-unit.ts';
import type { RunningPeriod } from './running-period.ts';
import type { TrackWriter } from './track-writer.ts';

/**
 * Maximum distance of sound or silence ahead of the present: 2 s. Sound arrives before it is laid,
 * so it can only be further ahead if its timeline was misjudged.
 */
const MOST_AHEAD: Ticks = 2 * TICKS_PER_SECOND;
/** Minimum interval between log lines about misplaced sound: one minute. */
const TOLD_TICKS: Ticks = 60 * TICKS_PER_SECOND;

/**
 * Gaps up to this length, 2.5 ms, are rounding errors of the clocks and are closed without silence.
 */
const TOLERANCE: Ticks = TICKS_PER_SECOND / 400;

/** Options of an {@link AudioLane}. */
export interface AudioLaneOptions {
  /** No sample may begin before this, the end of an earlier recording. */
  floor: Ticks;
  /** Counts sound that is not recorded. */
  dropped: DroppedUnits;
  /** Media time of the present. */
  nowUs(): Us;
  /**
   * Called for sound that was placed too far ahead, at most once a minute.
   * @param seconds distance of the last packet from the present
   * @param packets their number since the previous call
   */
  onMisplaced(seconds: number, packets: number): void;
}

/**
 * Lays the sound of a stream end to end over its Periods. Missing sound is replaced by silence of
 * the same length, so that sound and picture stay in step; sound that arrives after its place was
 * filled is dropped. All times are since the Unix epoch.
 */
export class AudioLane {
  /**
   * Total silence in place of lost sound. It excludes sound that the sender omitted because there
   * was nothing to hear (discontinuous transmission, RFC 7587 §3.1.3).
   */
  silence: Ticks = 0;
  readonly #options: AudioLaneOptions;
  #period: RunningPeriod | undefined;
  /** End of the previous sound. */
  #end: Ticks = 0;
  #misplaced = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: AudioLaneOptions) {
    this.#options = options;
    this.#end = options.floor;
  }

  /** End of the sound laid so far. */
  get end(): Ticks {
    return this.#end;
  }

  /**
   * The Period that receives the sound; it lags behind the video's by the difference of their
   * delays.
   */
  get period(): RunningPeriod | undefined {
    return this.#period;
  }

  /**
   * Continues in another Period, whose sound may have another timescale. The sound of the previous
   * Period ends where this one begins.
   */
  moveTo(period: RunningPeriod): void {
    this.#writer?.end();
    this.#period = period;
    if (period.audio) this.#end = period.audio.timescale.ceil(this.#end);
  }

  /** Lays a packet. */
  write(packet: AudioPacket): void {
    const { dropped } = this.#options;
    const writer = this.#writer;
    if (writer === undefined) {
      dropped.unwritten++;
      return;
    }
    const start = this.#boundedStart(packet, writer.timescale);
    const end = start + packet.end - packet.start;
    if (writer.startTime === undefined) this.beginWithSilence(this.#period!.start, start);
    else this.fillTo(start, packet.lostBefore);
    const time = writer.startTime === undefined ? Math.max(start, this.#end) : this.#end;
    if (end <= time) {
      dropped.late++;
      return;
    }
    packet.start = time;
    packet.end = end;
    this.#put(writer, packet);
  }

  /** Start of a packet; if that is too far ahead, the end of the previous sound or the present. */
  #boundedStart({ start, end }: AudioPacket, timescale: Timescale): Ticks {
    if (start - this.#end <= TOLERANCE) return start;
    const now = timescale.at(this.#options.nowUs());
    if (start <= now + MOST_AHEAD) return start;
    this.#misplaced++;
    if (now - this.#toldAt > TOLD_TICKS) {
      this.#options.onMisplaced(toUs(start - now) / 1e6, this.#misplaced);
      this.#toldAt = now;
      this.#misplaced = 0;
    }
    return Math.max(this.#end, now - (end - start));
  }

  /**
   * Fills with silence up to a time, unless the gap is within rounding. @param isLoss count the
   * silence as loss
   */
  fillTo(time: Ticks, isLoss: boolean): void {
    const writer = this.#writer;
    if (writer?.startTime === undefined) return;
    time = writer.timescale.round(time);
    if (time - this.#end <= TOLERANCE) return;
    time = Math.min(time, writer.timescale.at(this.#options.nowUs()) + MOST_AHEAD);
    if (time <= this.#end) return;
    if (isLoss) this.silence += time - this.#end;
    this.#fill(writer, time);
  }

  /** Silence for the codec of the running Period. Precondition: the Period has sound. */
  get #packets(): Silence {
    return this.#period!.sound!.silence;
  }

  #fill(writer: TrackWriter, time: Ticks): void {
    const usual = this.#packets.duration;
    while (this.#end < time) {
      const left = time - this.#end;
      this.#putSilence(writer, this.#end, left < usual * 1.5 ? left : usual);
    }
  }

  #putSilence(writer: TrackWriter, start: Ticks, duration: Ticks): void {
    const end = start + duration;
    this.#put(writer, { start, end, keyframe: true, parts: this.#packets.parts(duration) });
  }

  /** Begins the sound of the current Period with silence if it has none. */
  beginWithSilence(from: Ticks, to: Ticks): void {
    const writer = this.#writer;
    if (writer === undefined || writer.startTime !== undefined) return;
    const { timescale } = writer;
    const usual = this.#packets.duration;
    const start = Math.max(timescale.round(from), this.#end);
    to = Math.min(timescale.round(to), timescale.at(this.#options.nowUs()) + MOST_AHEAD);
    if (to - start < usual) return;
    this.#putSilence(writer, start, usual);
    this.#fill(writer, to);
  }

  /**
   * True if the picture has left the Period of the sound and ended there after a time: sound of this time
   * still belongs to it.
   */
  isLeft(time: Ticks): boolean {
    const period = this.#period;
    if (period?.audio === undefined || period.failed || !period.hasPicture) return false;
    return time < period.video!.endTime;
  }

  /** Extends the sound of its Period to the length of the picture there, if that is one of the publisher's. */
  endWithPicture(): void {
    const writer = this.#writer;
    if (writer === undefined || this.#period!.failed || !this.#period!.hasPicture) return;
    const end = this.#period!.video!.endTime;
    this.beginWithSilence(this.#period!.start, end);
    const usual = this.#packets.duration;
    if (writer.timescale.round(end) - this.#end > usual) this.fillTo(end, false);
  }

  /** Moves the end after the Period's times became final. @param ticks delay */
  shift(ticks: Ticks): void {
    this.#end += ticks;
  }

  /** Ends the sound of the running Period. */
  endPeriod(): void {
    this.#writer?.end();
    this.#period = undefined;
  }

  /** Leaves a Period that was given up; its writer accepts nothing more. */
  abandon(): void {
    this.#period = undefined;
  }

  get #writer(): TrackWriter | undefined {
    return this.#period?.audio;
  }

  #put(writer: TrackWriter, unit: PlacedUnit): void {
    writer.write(unit);
    this.#end = unit.end;
  }
}
