import { steadyNowUs } from '../clock/steady-clock.ts';
import type { TrackRates } from '../track-figures.ts';

/** Interval between two readings of the counters, µs. */
const NOTE_EVERY_US = 1_000_000;
/** Rates are averages over about this time, µs. */
const WINDOW_US = 5_000_000;

/** The counters of a track from which rates are computed. */
interface Counted {
  bytes: number;
  accessUnits: number;
}

/** A session with counters. Another object starts again at 0. */
interface Counting {
  statistics(): { rtp?: { tracks: ReadonlyMap<string, Counted> } };
}

interface Note {
  atUs: number;
  tracks: ReadonlyMap<string, Counted>;
}

/**
 * Bit rate and frame rate of a session's tracks, computed from its counters now and some seconds
 * ago. It does no work per packet.
 */
export class RateMeter {
  readonly #now: () => number;
  #session: Counting | undefined;
  /** Oldest first. */
  #notes: Note[] = [];

  /** @param now monotonic time, µs */
  constructor(now: () => number = steadyNowUs) {
    this.#now = now;
  }

  /**
   * Reads the counters of the session; call several times a second. A different session starts
   * anew.
   */
  note(session: Counting | undefined): void {
    if (session !== this.#session) {
      this.#session = session;
      this.#notes = [];
    }
    const atUs = this.#now();
    const last = this.#notes.at(-1);
    if (session === undefined || (last && atUs - last.atUs < NOTE_EVERY_US)) return;
    const tracks = session.statistics().rtp?.tracks;
    if (tracks === undefined) return;
    this.#notes.push({ atUs, tracks });
    // Keeps one reading that is at least as old as the window.
    while (this.#notes.length > 1 && atUs - this.#notes[1]!.atUs >= WINDOW_US) this.#notes.shift();
  }

  /**
   * The rates of a track.
   * @param mid of its media section
   * @param counted its counters now
   * @returns undefined until the track has been counted for one second
   */
  ratesOf(mid: string, { bytes, accessUnits }: Counted): TrackRates | undefined {
    const note = this.#notes.find(({ tracks }) => tracks.has(mid));
    const before = note?.tracks.get(mid);
    if (note === undefined || before === undefined) return undefined;
    const us = this.#now() - note.atUs;
    if (us < NOTE_EVERY_US) return undefined;
    return {
      bitsPerSecond: ((bytes - before.bytes) * 8e6) / us,
      framesPerSecond: ((accessUnits - before.accessUnits) * 1e6) / us,
    };
  }
}
