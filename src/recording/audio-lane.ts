import type { Silence } from '../codecs/configuration.ts';
import { TICKS_PER_SECOND, type Ticks, toUs, type Us } from '../media/media-time.ts';
import type { Timescale } from '../media/timescale.ts';
import type { AudioPacket } from './audio-track.ts';
import type { DroppedUnits } from './dropped-units.ts';
import type { PlacedUnit } from './placed-unit.ts';
import type { RunningPeriod } from './running-period.ts';
import type { TrackWriter } from './track-writer.ts';

/**
 * No sound is put further ahead of the present than this, and no silence: 2 s. Sound came before it is
 * taken, so only a mistake about its timeline could place it there.
 */
const MOST_AHEAD: Ticks = 2 * TICKS_PER_SECOND;
/** Misplaced sound is told of at most once in this time: a minute. */
const TOLD_TICKS: Ticks = 60 * TICKS_PER_SECOND;

/** Gaps up to this much, 2.5 ms, are within the clocks' rounding and are closed without silence. */
const TOLERANCE: Ticks = TICKS_PER_SECOND / 400;

/** What an {@link AudioLane} works with. */
export interface AudioLaneOptions {
  /** No sample may begin before this; the end of an earlier recording. */
  floor: Ticks;
  /** Counts what is not laid. */
  dropped: DroppedUnits;
  /** Media time of the present. */
  nowUs(): Us;
  /**
   * Told of sound that was placed too far ahead, at most once a minute.
   * @param seconds how far the last one lay ahead
   * @param packets how many there were since the call before
   */
  onMisplaced(seconds: number, packets: number): void;
}

/**
 * Lays the sound of a stream end to end over its Periods. What is missing becomes silence of the
 * same length, so that sound and picture stay in step; sound that comes after its place was filled
 * is too late and dropped. All times are since the Unix epoch.
 */
export class AudioLane {
  /**
   * How much silence stands for sound that was lost. What a sender left out, because there was
   * nothing to hear (discontinuous transmission, RFC 7587 §3.1.3), is not among them.
   */
  silence: Ticks = 0;
  readonly #options: AudioLaneOptions;
  #period: RunningPeriod | undefined;
  /** Where the sound before ended. */
  #end: Ticks = 0;
  #misplaced = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: AudioLaneOptions) {
    this.#options = options;
    this.#end = options.floor;
  }

  /** End of what was laid so far. */
  get end(): Ticks {
    return this.#end;
  }

  /** The Period the sound goes to; it lags behind the video's by the difference of their delays. */
  get period(): RunningPeriod | undefined {
    return this.#period;
  }

  /**
   * Goes on in another Period, whose sound may have another timescale. The sound of the one before
   * ends where this one's begins.
   */
  moveTo(period: RunningPeriod): void {
    this.#writer?.end();
    this.#period = period;
    if (period.audio) this.#end = period.audio.timescale.ceil(this.#end);
  }

  /** Lays one packet. */
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

  /** Where a packet begins; one that lies too far ahead follows the sound before, or is of now. */
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

  /** Fills with silence up to a time, if more than rounding is missing there. @param isLoss counts */
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

  /** Of the running Period, which has sound. */
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

  /** Begins the present Period's sound with silence where none has come. */
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

  /** Gives the present Period's sound the length of its picture. @param end of the picture */
  endWith(end: Ticks): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.beginWithSilence(this.#period!.start, end);
    const usual = this.#packets.duration;
    if (writer.timescale.round(end) - this.#end > usual) this.fillTo(end, false);
  }

  /** Moves the end after the Period's times were settled. @param ticks how much later */
  shift(ticks: Ticks): void {
    this.#end += ticks;
  }

  /** Ends the sound of the running Period. */
  endPeriod(): void {
    this.#writer?.end();
    this.#period = undefined;
  }

  /** Leaves a Period that was given up; its writer takes nothing more. */
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
