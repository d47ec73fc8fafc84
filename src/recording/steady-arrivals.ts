import type { TrackKind } from '../media/access-unit.ts';
import { SettlingDelay } from './settling-delay.ts';
import type { WallClockAnchor } from './wall-clock-anchor.ts';

/** Packets that come less and less late tell a place only once that has ended for this long, µs. */
const STEADY_US = 1_000_000;
/** The same where they go on with timestamps from before a pause: the sender may have been held up, µs. */
const RESUMED_STEADY_US = 5_000_000;
/** They are late if they come so much later than according to those timestamps, µs. */
const RESUMED_LATE_US = 1_000_000;

/** The anchors of tracks, as far as they have a place. */
export type Anchors = Readonly<Partial<Record<TrackKind, WallClockAnchor>>>;

/**
 * Decides whether the arrivals of a publisher's packets tell their place in time. Those of a sender, or of a
 * network, that was held up and catches up do not yet: a place that is made final meanwhile is too late, and
 * what follows is placed in the future.
 */
export class SteadyArrivals {
  readonly #delays = { video: new SettlingDelay(), audio: new SettlingDelay() };

  /** A track, or its new timeline, begins. */
  begin(kind: TrackKind, { clock }: WallClockAnchor): void {
    this.#delays[kind].reset();
    this.#delays[kind].note(clock.arrivalOffsetUs, 0, clock.latestArrivalUs);
  }

  /** For how long packets of the tracks without a final place have come, and no less late than before, µs. */
  steadyUs(anchors: Anchors): number {
    const { video, audio } = anchors;
    const latestUs = Math.max(video?.clock.latestArrivalUs ?? 0, audio?.clock.latestArrivalUs ?? 0);
    let least = Number.POSITIVE_INFINITY;
    for (const kind of ['video', 'audio'] as const) {
      const anchor = anchors[kind];
      if (anchor === undefined || anchor.locked) continue;
      const { clock, continuedUs } = anchor;
      const delay = this.#delays[kind];
      // One that was held up before may be so again, and is later and less late by turns.
      const offsetUs = continuedUs === undefined ? clock.arrivalOffsetUs : clock.recentOffsetUs;
      delay.note(offsetUs, 0, latestUs);
      least = Math.min(least, delay.steadyUs(latestUs));
    }
    return least;
  }
}

/**
 * True if arrivals that were steady for so long tell the places of tracks.
 * @param steadyUs see {@link SteadyArrivals.steadyUs}
 * @param correctionUs our wall clock minus the stream's media time, µs
 */
export function tellPlaces(
  anchors: readonly WallClockAnchor[],
  steadyUs: number,
  correctionUs: number,
): boolean {
  const isLate = anchors.some(
    ({ clock, locked, continuedUs }) =>
      !locked &&
      continuedUs !== undefined &&
      clock.arrivalOffsetUs - correctionUs - continuedUs > RESUMED_LATE_US,
  );
  return steadyUs >= (isLate ? RESUMED_STEADY_US : STEADY_US);
}

/**
 * Places tracks that can wait no longer and are still catching up where their timestamps go on from those
 * before: by their arrivals they would end in the future.
 * @param steadyUs see {@link SteadyArrivals.steadyUs}
 */
export function goOnWhereLeft(anchors: readonly WallClockAnchor[], steadyUs: number): void {
  const provisional = anchors.filter(({ locked }) => !locked);
  if (steadyUs >= STEADY_US) return;
  if (provisional.some(({ continuedUs }) => continuedUs === undefined)) return;
  for (const anchor of provisional) anchor.offsetUs = anchor.continuedUs!;
}
