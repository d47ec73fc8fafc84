import type { CloseReason, PublishSink } from '../ingest/publish-sink.ts';
import type { WhepSession } from '../ingest/whep-session.ts';
import type { WhipSession } from '../ingest/whip-session.ts';
import type { PublishRight } from '../recorder.ts';
import { Refusal } from '../refusal.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { PullTarget } from '../sources/pull-plan.ts';

/**
 * A publisher that was not heard for this long does not keep another one away, µs. It may be the same
 * one after a break of its network, for which the time-out of the lost session would be too long.
 */
const LOST_US = 4_000_000;
/** A server that may send either of two codecs has this long to begin, µs. */
const CODEC_WAIT_US = 1_000_000;

/** A session with a publisher, as far as the life of a stream is concerned. */
export type PublishedSession = { readonly id: string } & Pick<
  WhipSession,
  | 'answer'
  | 'etag'
  | 'heardUs'
  | 'sections'
  | 'statistics'
  | 'requestKeyframe'
  | 'isIceRestart'
  | 'restartIce'
  | 'trickle'
  | 'drain'
  | 'close'
>;

/** A session with a server that we subscribed at, as far as the life of a stream is concerned. */
export type PulledSession = { readonly id: string } & Pick<
  WhepSession,
  'sections' | 'statistics' | 'requestKeyframe' | 'mayBeUnrecordable' | 'unrecordable' | 'close'
>;

/** The session that a stream comes by. */
export type StreamSession =
  | {
      readonly origin: 'published';
      readonly session: PublishedSession;
      readonly right: PublishRight;
    }
  | { readonly origin: 'pulled'; readonly session: PulledSession };

/** Ends of a session with a server that are its fault, in words. */
export const FAULTS: Readonly<Partial<Record<CloseReason, string>>> = {
  'no-media': 'it was connected but sent nothing for some seconds',
  'server-gone': 'it ended the session or is gone',
};

/** Opens sessions. */
export interface SessionOpener {
  /** Takes a publisher's offer. @throws Refusal */
  accept(offer: string, sink: PublishSink): Promise<PublishedSession>;
  /** Subscribes at a server; aborting ends it at any stage. @throws WhepError */
  subscribe(target: PullTarget, sink: PublishSink, signal: AbortSignal): Promise<PulledSession>;
}

/**
 * Whether another publisher may take the place of a session: of one that was lost, as far as can be
 * told, or that has only claimed the name and given no sign of itself since. That one had to be allowed
 * no more.
 * @param right of the other publisher
 * @param nowUs on the steady clock, µs since the Unix epoch
 */
export function mayReplace(
  current: StreamSession | undefined,
  isConnected: boolean,
  right: PublishRight,
  nowUs: number,
): boolean {
  if (current === undefined) return true;
  if (current.origin === 'pulled') return false;
  const { heardUs } = current.session;
  if (isConnected) return nowUs - heardUs > LOST_US;
  return heardUs === 0 && (right === 'all' || current.right === 'stream');
}

/**
 * Hands a trickle-ICE fragment to a session, see {@link import('../recorder.ts').Recorder.trickle}.
 * @throws Refusal `stale-entity-tag`, `bad-sdp`
 */
export async function trickle(
  session: PublishedSession,
  fragment: string,
  ifMatch: string | undefined,
): Promise<{ fragment: string; etag: string } | undefined> {
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== session.etag) {
    throw new Refusal(
      'stale-entity-tag',
      'If-Match: not the entity tag of the present ICE session',
    );
  }
  if (session.isIceRestart(fragment)) return session.restartIce(fragment);
  await session.trickle(fragment);
  return undefined;
}

/** What comes of a session and can't be recorded. */
export function unrecordableOf(current: StreamSession | undefined) {
  return current?.origin === 'pulled' ? current.session.unrecordable() : [];
}

/**
 * The tracks to record. One of which only what cannot be recorded has come is none: silence would pass
 * for its sound.
 * @param connectedUs for how long it has been connected, µs
 * @returns undefined while a server that agreed on both has sent neither, for a second: a Period with a
 * track that never comes would be left at once
 */
export function recordableSections(
  current: StreamSession,
  connectedUs: number,
): readonly MediaSection[] | undefined {
  const { origin, session } = current;
  if (origin === 'published') return session.sections;
  const doubtful = session.sections.filter(({ kind }) => session.mayBeUnrecordable(kind));
  if (doubtful.length === 0) return session.sections;
  const others = session.unrecordable();
  const { tracks } = session.statistics().rtp ?? {};
  const left = doubtful.filter(({ mid }) => (tracks?.get(mid)?.accessUnits ?? 0) === 0);
  const isKnown = left.every(({ kind }) => others.some((other) => other.kind === kind));
  if (!isKnown) return connectedUs < CODEC_WAIT_US ? undefined : session.sections;
  return session.sections.filter((section) => !left.includes(section));
}
