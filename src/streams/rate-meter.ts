import { steadyNowUs } from '../clock/steady-clock.ts';
import type { TrackRates } from '../track-figures.ts';

/** Interval at which counters are noted, µs. */
const NOTE_EVERY_US = 1_000_000;
/** Rates are those of about this long, µs. */
const WINDOW_US = 5_000_000;

/** What of a track is counted, as far as rates are made of it. */
interface Counted {
  bytes: number;
  accessUnits: number;
}

/** What counts; each object by itself, from 0 on. */
interface Counting {
  statistics(): { rtp?: { tracks: ReadonlyMap<string, Counted> } };
}

interface Note {
  atUs: number;
  tracks: ReadonlyMap<string, Counted>;
}

/**
 * Bit rate and frame rate of the tracks of a session, from what its counters say now and said some
 * seconds ago. Costs nothing per packet.
 */
export class RateMeter {
  readonly #now: () => number;
  #session: Counting | undefined;
  /** The oldest first. */
  #notes: Note[] = [];

  /** @param now monotonic time, µs */
  constructor(now: () => number = steadyNowUs) {
    this.#now = now;
  }

  /** Notes what the session has counted; call several times a second. Another one begins anew. */
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
    // One note stays that is as old as the window.
    while (this.#notes.length > 1 && atUs - this.#notes[1]!.atUs >= WINDOW_US) this.#notes.shift();
  }

  /**
   * The rates of a track.
   * @param mid of its section
   * @param counted what it has counted by now
   * @returns undefined before it was counted for a second
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
