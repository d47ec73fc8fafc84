import type { AudioCodec, SoundReader } from '../codecs/codec.ts';
import type { AudioConfiguration } from '../codecs/configuration.ts';
import { audioCodec } from '../codecs/registry.ts';
import type { AccessUnit } from '../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks, type Us } from '../media/media-time.ts';
import { carriesMedia, type PayloadFormat } from '../media/payload-format.ts';
import { Timescale } from '../media/timescale.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { DroppedUnits } from './dropped-units.ts';
import type { PlacedUnit } from './placed-unit.ts';
import { TrackClock } from './track-clock.ts';
import { WallClockAnchor } from './wall-clock-anchor.ts';

/**
 * A timestamp is doubted if its step exceeds that of the arrival times by more than this, or is
 * negative, µs.
 */
const DOUBTFUL_US = 100_000;

/**
 * Up to this gap, 2.5 ms, a packet's end is moved to the next one's start instead of filling the
 * gap.
 */
const TOLERANCE = TICKS_PER_SECOND / 400;

/**
 * An audio packet with its place: on the track's own timeline, and since the Unix epoch once it has
 * left the track.
 */
export interface AudioPacket extends PlacedUnit {
  /** Packets were lost before this one. */
  lostBefore: boolean;
}

/**
 * The audio of a publisher on its way to the recording. Each packet is held until the next one
 * shows whether sound is missing in between.
 */
export class AudioTrack {
  anchor: WallClockAnchor;
  /** Arrival of the latest packet, µs; 0 before the first. */
  lastArrivalUs: Us = 0;
  readonly #dropped: DroppedUnits;
  #pending: AudioPacket | undefined;
  #lost = false;
  readonly #formats: readonly PayloadFormat[];
  #codec: AudioCodec;
  #reader: SoundReader;
  #timescale: Timescale;

  /** @param section as negotiated; its first codec is taken for the one that comes until another does */
  constructor(section: MediaSection, dropped: DroppedUnits) {
    this.#dropped = dropped;
    this.#formats = section.formats.filter(carriesMedia);
    this.#codec = audioCodec(this.#formats[0]!.codec);
    this.#reader = this.#newReader();
    this.#timescale = new Timescale(this.#codec.description.clockRate);
    this.anchor = this.#newAnchor();
  }

  /** Name of the codec that comes. */
  get codec(): string {
    return this.#codec.name;
  }

  /** Timescale of its RTP timestamps. */
  get timescale(): Timescale {
    return this.#timescale;
  }

  /** The decoder configuration of its packets. */
  get configuration(): AudioConfiguration {
    return this.#reader.configuration;
  }

  /**
   * Takes the next packet.
   * @param start its presentation time on the track's own timeline
   * @returns the previous packet
   */
  push(unit: AccessUnit, start: Ticks): AudioPacket | undefined {
    this.lastArrivalUs = unit.arrivalUs;
    if (unit.discontinuity) this.#lost = true;
    const parts = this.#reader.toSample(unit);
    const duration = this.#reader.durationOf(parts);
    if (duration === undefined) {
      this.#dropped.empty++;
      return undefined;
    }
    const before = this.#pending;
    if (before !== undefined && start <= before.start) {
      this.#dropped.disordered++;
      return undefined;
    }
    this.#pending = {
      start,
      end: start + this.timescale.toTicks(duration),
      keyframe: true,
      lostBefore: this.#lost,
      parts,
    };
    this.#lost = false;
    if (before !== undefined && start < before.end + TOLERANCE) before.end = start;
    return before;
  }

  /** Returns the last packet; nothing is pending afterwards. */
  finish(): AudioPacket | undefined {
    const last = this.#pending;
    this.#pending = undefined;
    return last;
  }

  /** A new timeline of the sender begins; it must not be mixed with the old one. */
  restart(): void {
    this.anchor = this.#newAnchor(this.anchor);
    this.#pending = undefined;
  }

  /** What follows is of another codec, and its timestamps of another clock. @param name of the codec */
  changeCodec(name: string): void {
    this.#codec = audioCodec(name);
    this.#reader = this.#newReader();
    this.#timescale = new Timescale(this.#codec.description.clockRate);
    this.restart();
  }

  #newReader(): SoundReader {
    return this.#codec.createReader(this.#formats.filter(({ codec }) => codec === this.codec));
  }

  #newAnchor(before?: WallClockAnchor): WallClockAnchor {
    const clock = new TrackClock(this.timescale.perSecond, DOUBTFUL_US);
    return new WallClockAnchor(clock, before);
  }
}
