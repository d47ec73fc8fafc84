import type { CloseReason, PublishSink } from '../ingest/publish-sink.ts';
import type { WhepSession } from '../ingest/whep-session.ts';
import type { WhipSession } from '../ingest/whip-session.ts';
import type { PublishRight } from '../recorder.ts';
import { Refusal } from '../refusal.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { PullTarget } from '../sources/pull-plan.ts';

/**
 * A publisher that has been silent for this long can be replaced, µs. The newcomer may be the same
 * publisher after a network failure, for which the timeout of the lost session would be too long.
 */
const LOST_US = 4_000_000;
/** How long a server that may send either of two codecs has to begin, µs. */
const CODEC_WAIT_US = 1_000_000;

/** A session with a publisher, reduced to what a stream needs. */
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

/** A session with a server to which we subscribed, reduced to what a stream needs. */
export type PulledSession = { readonly id: string } & Pick<
  WhepSession,
  'sections' | 'statistics' | 'requestKeyframe' | 'mayBeUnrecordable' | 'unrecordable' | 'close'
>;

/** The session through which a stream arrives. */
export type StreamSession =
  | {
      readonly origin: 'published';
      readonly session: PublishedSession;
      readonly right: PublishRight;
    }
  | { readonly origin: 'pulled'; readonly session: PulledSession };

/** Causes of a session's end that are faults of the server, in words. */
export const FAULTS: Readonly<Partial<Record<CloseReason, string>>> = {
  'no-media': 'the node was connected but sent nothing for some seconds',
  'server-gone': 'the node ended the session or is gone',
};

/** Opens sessions with publishers and servers. */
export interface SessionOpener {
  /** Accepts a publisher's offer. @throws Refusal */
  accept(offer: string, sink: PublishSink): Promise<PublishedSession>;
  /** Subscribes at a server; the signal aborts it at any stage. @throws WhepError */
  subscribe(target: PullTarget, sink: PublishSink, signal: AbortSignal): Promise<PulledSession>;
}

/**
 * Whether another publisher may replace the session: if its publisher seems to be lost, or has
 * offered but never connected and had no more rights than the newcomer.
 * @param right of the newcomer
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
 * Passes a trickle ICE fragment to a session, see
 * {@link import('../recorder.ts').Recorder.trickle}.
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

/** What the session receives and cannot be recorded. */
export function unrecordableOf(current: StreamSession | undefined) {
  return current?.origin === 'pulled' ? current.session.unrecordable() : [];
}

/**
 * The sections to record. A section that has received only codecs that cannot be recorded is left
 * out: its silence would look like recorded sound.
 * @param connectedUs how long the session has been connected, µs
 * @returns undefined during the first second if the server negotiated both kinds and has sent
 * neither: a Period with a track that never comes would have to end at once
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
