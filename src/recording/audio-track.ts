import { opusPacketDuration } from '../codecs/opus/toc.ts';
import type { AccessUnit } from '../media/access-unit.ts';
import { AUDIO_TIMESCALE } from '../media/media-time.ts';
import type { DroppedUnits } from './dropped-units.ts';
import { TrackClock } from './track-clock.ts';
import { WallClockAnchor } from './wall-clock-anchor.ts';

/** Timestamps that step by so much more than the arrival times, or back, are doubted, µs. */
const DOUBTFUL_US = 100_000;

/** Up to this much, 2.5 ms, a packet's end is moved to the next one's start instead of filled. */
const TOLERANCE = 120;

/**
 * One Opus packet with its place: ticks on the track's own timeline, and of media time since the Unix
 * epoch once it has left the track.
 */
export interface AudioPacket {
  start: number;
  end: number;
  /** Packets were lost between the one before and this. */
  lostBefore: boolean;
  data: Buffer;
}

/**
 * The audio of one publisher on its way into the recording: holds each packet until the next one
 * shows whether sound is missing between them.
 */
export class AudioTrack {
  anchor = new WallClockAnchor(new TrackClock(AUDIO_TIMESCALE, DOUBTFUL_US));
  /** Arrival of the latest packet, µs since the Unix epoch; 0 before the first. */
  lastArrivalUs = 0;
  readonly #dropped: DroppedUnits;
  #pending: AudioPacket | undefined;
  #lost = false;

  constructor(dropped: DroppedUnits) {
    this.#dropped = dropped;
  }

  /**
   * Takes the next packet.
   * @param ticks its presentation time on the track's own timeline
   * @returns the packet before it
   */
  push(unit: AccessUnit, ticks: number): AudioPacket | undefined {
    this.lastArrivalUs = unit.arrivalUs;
    if (unit.discontinuity) this.#lost = true;
    const data = unit.parts[0];
    const duration = data && opusPacketDuration(data);
    if (data === undefined || duration === undefined) {
      this.#dropped.empty++;
      return undefined;
    }
    const before = this.#pending;
    if (before !== undefined && ticks <= before.start) {
      this.#dropped.disordered++;
      return undefined;
    }
    this.#pending = { start: ticks, end: ticks + duration, lostBefore: this.#lost, data };
    this.#lost = false;
    if (before !== undefined && ticks < before.end + TOLERANCE) before.end = ticks;
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
    this.anchor = new WallClockAnchor(new TrackClock(AUDIO_TIMESCALE, DOUBTFUL_US));
    this.#pending = undefined;
  }
}
