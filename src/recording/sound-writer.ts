import { likelyCodec } from '../codecs/registry.ts';
import type { PeriodReason } from '../facts/period-reason.ts';
import type { Ticks, Us } from '../media/media-time.ts';
import { UPRIGHT } from '../media/picture-orientation.ts';
import type { AudioPacket } from './audio-track.ts';
import type { DroppedUnits } from './dropped-units.ts';
import { periodReason } from './period-reason.ts';
import type { Periods } from './periods.ts';
import type { Publisher } from './publisher.ts';
import type { RecordingOptions } from './recording-options.ts';
import type { RunningPeriod } from './running-period.ts';

/** A track that lags by more than this is no longer waited for, µs. */
const LAG_US = 2_000_000;

/**
 * Writes the sound of a publisher to the Periods: each packet waits until the picture has caught
 * up, so that both tracks of a Period begin and end together. If no picture arrives, Periods begin
 * with sound alone.
 */
export class SoundWriter {
  readonly #publisher: Publisher;
  readonly #periods: Periods;
  readonly #dropped: DroppedUnits;
  readonly #options: Pick<RecordingOptions, 'clock' | 'now'>;

  constructor(
    publisher: Publisher,
    periods: Periods,
    dropped: DroppedUnits,
    options: Pick<RecordingOptions, 'clock' | 'now'>,
  ) {
    this.#publisher = publisher;
    this.#periods = periods;
    this.#dropped = dropped;
    this.#options = options;
  }

  /** Takes a packet with its place on the track's own timeline. */
  take(packet: AudioPacket): void {
    const { waiting } = this.#publisher;
    this.#wait(packet);
    this.write(false);
    while (waiting.isFull) {
      waiting.take();
      if (this.#periods.mayWrite()) this.#dropped.late++;
      else this.#dropped.unwritten++;
    }
  }

  /** Queues the last packet of the track; {@link SoundWriter.write} then writes all. */
  finish(): void {
    const packet = this.#publisher.audio?.finish();
    if (packet) this.#wait(packet);
  }

  /** From here on, a packet's times are media time. */
  #wait(packet: AudioPacket): void {
    const base = this.#publisher.timeline.base('audio');
    packet.start += base;
    packet.end += base;
    this.#publisher.waiting.push(packet, this.#options.now());
  }

  /**
   * Writes the sound with which the picture has caught up. @param all write all, regardless of the
   * picture
   */
  write(all: boolean): void {
    const { waiting } = this.#publisher;
    const { video, audio } = this.#periods;
    for (let first = waiting.first; first !== undefined; first = waiting.first) {
      let period = this.#periods.current;
      const { start } = first;
      if (period === undefined && audio.isLeft(start)) {
        waiting.take();
        audio.write(first);
        continue;
      }
      if (period === undefined || period.failed) return;
      if (period.hasPicture) {
        if (!all && this.#waitsForPicture(start)) return;
      } else {
        const reason = periodReason(this.#periods, undefined, start);
        if (reason !== undefined) period = this.#begin(reason, start);
      }
      if (audio.period !== period && start >= period.start) this.#periods.moveSound();
      waiting.take();
      audio.write(first);
      if (audio.period === period) video.fillBlank(period, audio.end, false);
    }
  }

  /** True while the sound must not run ahead of an expected picture. */
  #waitsForPicture(time: Ticks): boolean {
    if (time < this.#periods.video.end || this.#publisher.waiting.isFull) return false;
    return this.#options.now() - this.#publisher.shownUs < LAG_US;
  }

  /** Begins a Period for sound alone and writes what waits. */
  beginAlone(start: Ticks): void {
    const reason = periodReason(this.#periods, undefined, start);
    if (reason !== undefined) this.#begin(reason, start);
    this.write(false);
  }

  #begin(reason: PeriodReason, start: Ticks): RunningPeriod {
    const publisher = this.#publisher;
    // Black pictures have no place of their own that could become final later.
    this.#periods.settle(publisher, true);
    const isExpected = publisher.video !== undefined || this.#periods.folder.has('video');
    const codec = publisher.video?.codec ?? likelyCodec('video');
    const blank = isExpected ? codec.blank(publisher.video?.configuration) : undefined;
    const pictures = blank && {
      configuration: blank.configuration,
      compositionDelay: 0,
      orientation: publisher.video?.orientation ?? UPRIGHT,
      blank,
    };
    return this.#periods.begin(reason, publisher, start, pictures);
  }

  /** Replaces missing sound by silence while there are pictures with which it must keep step. */
  fillSilence(nowUs: Us): void {
    const { video, audio, heardUs, seenUs } = this.#publisher;
    if (nowUs - heardUs < LAG_US) return;
    if (video === undefined || nowUs - seenUs >= LAG_US) return;
    const lane = this.#periods.audio;
    const { period } = lane;
    const { current } = this.#periods;
    if (period?.audio === undefined || current === undefined) return;
    const { timescale } = period.audio;
    const last = audio?.finish();
    if (last) this.take(last);
    const next = period === current ? undefined : timescale.round(current.start);
    const behind = timescale.at(this.#options.clock.mediaUs(nowUs) - LAG_US);
    const until = Math.min(behind, next ?? behind);
    lane.beginWithSilence(period.start, until);
    lane.fillTo(until, audio !== undefined);
    if (next !== undefined && until >= next) this.#periods.moveSound();
  }
}
