import { OPUS_SILENCE_TICKS, opusSilence } from '../codecs/opus/silence.ts';
import { AUDIO_TIMESCALE, audioTicks } from '../media/media-time.ts';
import type { AudioPacket } from './audio-track.ts';
import type { DroppedUnits } from './dropped-units.ts';
import type { RunningPeriod } from './running-period.ts';
import type { TrackWriter } from './track-writer.ts';

/**
 * No sound is put further ahead of the present than this, and no silence: 2 s. Sound came before it is
 * taken, so only a mistake about its timeline could place it there.
 */
const MOST_AHEAD = 2 * AUDIO_TIMESCALE;
/** Misplaced sound is told of at most once in this time: a minute of ticks. */
const TOLD_TICKS = 60 * AUDIO_TIMESCALE;

/** Gaps up to this much, 2.5 ms, are within the clocks' rounding and are closed without silence. */
const TOLERANCE = 120;

/** What an {@link AudioLane} works with. */
export interface AudioLaneOptions {
  /** No sample may begin before this, ticks; the end of an earlier recording. */
  floor: number;
  /** Counts what is not laid. */
  dropped: DroppedUnits;
  /** Media time of the present, ticks since the Unix epoch. */
  now(): number;
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
 * is too late and dropped. All times are ticks of the audio timescale since the Unix epoch.
 */
export class AudioLane {
  /**
   * Ticks of silence that stand for sound that was lost. What a sender left out, because there was
   * nothing to hear (discontinuous transmission, RFC 7587 §3.1.3), is not among them.
   */
  silence = 0;
  readonly #options: AudioLaneOptions;
  #period: RunningPeriod | undefined;
  /** Where the sound before ended. */
  #end = 0;
  #misplaced = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: AudioLaneOptions) {
    this.#options = options;
    this.#end = options.floor;
  }

  /** End of what was laid so far. */
  get end(): number {
    return this.#end;
  }

  /** The Period the sound goes to; it lags behind the video's by the difference of their delays. */
  get period(): RunningPeriod | undefined {
    return this.#period;
  }

  /**
   * Goes on in another Period. The sound of the one before ends where this one's begins.
   */
  moveTo(period: RunningPeriod): void {
    this.#writer?.end();
    this.#period = period;
  }

  /** Lays one packet. */
  write(packet: AudioPacket): void {
    const { dropped } = this.#options;
    const writer = this.#writer;
    if (writer === undefined) {
      dropped.unwritten++;
      return;
    }
    const start = this.#boundedStart(packet);
    const end = start + packet.end - packet.start;
    if (writer.startTime === undefined)
      this.beginWithSilence(audioTicks(this.#period!.startUs), start);
    else this.fillTo(start, packet.lostBefore);
    const time = writer.startTime === undefined ? Math.max(start, this.#end) : this.#end;
    if (end <= time) {
      dropped.late++;
      return;
    }
    this.#put(writer, time, end, packet.data);
  }

  /** Where a packet begins; one that lies too far ahead follows the sound before, or is of now. */
  #boundedStart({ start, end }: AudioPacket): number {
    if (start - this.#end <= TOLERANCE) return start;
    const now = this.#options.now();
    if (start <= now + MOST_AHEAD) return start;
    this.#misplaced++;
    if (now - this.#toldAt > TOLD_TICKS) {
      this.#options.onMisplaced((start - now) / AUDIO_TIMESCALE, this.#misplaced);
      this.#toldAt = now;
      this.#misplaced = 0;
    }
    return Math.max(this.#end, now - (end - start));
  }

  /** Fills with silence up to a time, if more than rounding is missing there. @param isLoss counts */
  fillTo(time: number, isLoss: boolean): void {
    const writer = this.#writer;
    if (writer?.startTime === undefined) return;
    if (time - this.#end <= TOLERANCE) return;
    time = Math.min(time, this.#options.now() + MOST_AHEAD);
    if (time <= this.#end) return;
    if (isLoss) this.silence += time - this.#end;
    this.#fill(writer, time);
  }

  #fill(writer: TrackWriter, time: number): void {
    const packet = opusSilence(2);
    while (this.#end < time) {
      const left = time - this.#end;
      const duration = left < OPUS_SILENCE_TICKS * 1.5 ? left : OPUS_SILENCE_TICKS;
      this.#put(writer, this.#end, this.#end + duration, packet);
    }
  }

  /** Begins the present Period's sound with silence where none has come. */
  beginWithSilence(from: number, to: number): void {
    const writer = this.#writer;
    if (writer === undefined || writer.startTime !== undefined) return;
    const start = Math.max(from, this.#end);
    to = Math.min(to, this.#options.now() + MOST_AHEAD);
    if (to - start < OPUS_SILENCE_TICKS) return;
    const first = Math.min(to - start, OPUS_SILENCE_TICKS);
    this.#put(writer, start, start + first, opusSilence(2));
    this.#fill(writer, to);
  }

  /** Moves the end after the Period's times were settled. @param ticks how much later */
  shift(ticks: number): void {
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

  #put(writer: TrackWriter, time: number, end: number, data: Buffer): void {
    writer.write({ time, duration: end - time, keyframe: true, parts: [data] });
    this.#end = end;
  }
}
