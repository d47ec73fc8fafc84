import type { SoundReader } from '../codecs/codec.ts';
import type { AudioConfiguration } from '../codecs/configuration.ts';
import { audioCodec } from '../codecs/registry.ts';
import type { AccessUnit } from '../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks, type Us } from '../media/media-time.ts';
import { Timescale } from '../media/timescale.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { DroppedUnits } from './dropped-units.ts';
import type { PlacedUnit } from './placed-unit.ts';
import { TrackClock } from './track-clock.ts';
import { WallClockAnchor } from './wall-clock-anchor.ts';

/** Timestamps that step by this much more than the arrival times, or back, are doubted, µs. */
const DOUBTFUL_US = 100_000;

/** Up to this much, 2.5 ms, a packet's end is moved to the next one's start instead of filled. */
const TOLERANCE = TICKS_PER_SECOND / 400;

/**
 * One packet of sound with its place: on the track's own timeline, and since the Unix epoch once it has
 * left the track.
 */
export interface AudioPacket extends PlacedUnit {
  /** Packets were lost between the one before and this. */
  lostBefore: boolean;
}

/**
 * The audio of one publisher on its way into the recording: holds each packet until the next one
 * shows whether sound is missing between them.
 */
export class AudioTrack {
  /** Of its RTP timestamps. */
  readonly timescale: Timescale;
  anchor: WallClockAnchor;
  /** Arrival of the latest packet; 0 before the first. */
  lastArrivalUs: Us = 0;
  readonly #dropped: DroppedUnits;
  #pending: AudioPacket | undefined;
  #lost = false;
  readonly #reader: SoundReader;

  /** @param section as negotiated; its first format is the one that comes */
  constructor(section: MediaSection, dropped: DroppedUnits) {
    this.#dropped = dropped;
    const codec = audioCodec(section.formats[0]!.codec);
    this.#reader = codec.createReader(section.formats);
    this.timescale = new Timescale(codec.description.clockRate);
    this.anchor = this.#newAnchor();
  }

  /** What a decoder of its packets has to be told. */
  get configuration(): AudioConfiguration {
    return this.#reader.configuration;
  }

  /**
   * Takes the next packet.
   * @param start its presentation time on the track's own timeline
   * @returns the packet before it
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

  /** The last packet; nothing is pending after that. */
  finish(): AudioPacket | undefined {
    const last = this.#pending;
    this.#pending = undefined;
    return last;
  }

  /** A new sender's timeline begins: nothing of the old one may mix with it. */
  restart(): void {
    this.anchor = this.#newAnchor();
    this.#pending = undefined;
  }

  #newAnchor(): WallClockAnchor {
    return new WallClockAnchor(new TrackClock(this.timescale.perSecond, DOUBTFUL_US));
  }
}
