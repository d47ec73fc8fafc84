/**
 * Why a request cannot be met:
 * - `bad-name`: a stream, folder or object path that cannot be a path;
 * - `bad-time`: an invalid time or time range;
 * - `bad-sdp`: an offer, an answer or a trickle ICE fragment that is malformed or incomplete;
 * - `unacceptable-offer`: a valid offer without anything that can be recorded;
 * - `no-such-object`, `no-such-stream`, `no-such-session`;
 * - `published-already`: the stream has another publisher;
 * - `stale-entity-tag`: the tag is that of an earlier ICE session (RFC 9725 §4.3.1);
 * - `too-many-armed`: too many streams wait for a publisher;
 * - `no-free-port`: no UDP port is left for a session;
 * - `worker-lost`: the thread of the stream ended and is started anew;
 * - `stopping`: the recorder is being stopped;
 * - `no-media`: nothing is recorded of that time;
 * - `other-container`: what is recorded cannot be in a file of that format;
 * - `unreadable-media`: of what was recorded something is missing or damaged;
 * - `no-such-export`; `unfinished-export`: it has no file yet, or never will;
 * - `too-many-exports`: no more are kept;
 * - `disk-full`: recordings need what is free on the disk;
 * - `spool-full`: too much waits for its upload;
 * - `bad-configuration`: live777.toml has mistakes, which the message names line by line;
 * - `no-configuration`: there is no such file to read again.
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
  | 'no-such-export'
  | 'unfinished-export'
  | 'too-many-exports'
  | 'disk-full'
  | 'spool-full'
  | 'bad-configuration'
  | 'no-configuration';

/**
 * A request that cannot be met for a reason that the caller should know: the message is shown to
 * the caller. `http/errors.ts` maps each reason to a status.
 */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
