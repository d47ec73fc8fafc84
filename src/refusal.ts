/**
 * Why something that was asked for can't be done:
 * - `bad-name`: a stream, folder or object path that cannot be a path;
 * - `bad-time`: a time or a range of time that cannot be;
 * - `bad-sdp`: an offer, an answer or a trickle fragment that is malformed or lacks what it needs;
 * - `unacceptable-offer`: a sound offer of which nothing can be taken;
 * - `no-such-object`, `no-such-stream`, `no-such-session`;
 * - `published-already`: another publisher has the stream;
 * - `stale-entity-tag`: the tag is that of an earlier ICE session (RFC 9725 §4.3.1);
 * - `too-many-armed`: too many streams wait for a publisher;
 * - `no-free-port`: no UDP port is left for a session;
 * - `worker-lost`: the thread of the stream ended and is started anew;
 * - `stopping`: the recorder is being stopped;
 * - `no-media`: nothing is recorded of that time;
 * - `other-container`: what is recorded cannot be in a file of that format;
 * - `unreadable-media`: of what was recorded something is missing or damaged;
 * - `spool-full`: too much waits for its upload.
 */
export type RefusalReason =
  | 'bad-name'
  | 'bad-time'
  | 'bad-sdp'
  | 'unacceptable-offer'
  | 'no-such-object'
  | 'no-such-stream'
  | 'no-such-session'
  | 'published-already'
  | 'stale-entity-tag'
  | 'too-many-armed'
  | 'no-free-port'
  | 'worker-lost'
  | 'stopping'
  | 'no-media'
  | 'other-container'
  | 'unreadable-media'
  | 'spool-full';

/**
 * What was asked for can't be done, for a reason that whoever asked should know: the message must be
 * fit for the requester's eyes. `http/errors.ts` gives each reason its status.
 */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
