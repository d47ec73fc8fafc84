import type { RtpSink } from '../rtp/rtp-receiver.ts';

/**
 * Why a session ended: the other side asked for it (`client`); nothing authentic arrived for too long
 * (`idle`), or no media did though the server was asked for it (`no-media`); the publisher
 * (`dtls-closed`) or the server (`server-gone`) ended DTLS or could not be reached any more; it never
 * connected (`failed`); another publisher took its place; we are stopping.
 */
export type CloseReason =
  | 'client'
  | 'idle'
  | 'no-media'
  | 'dtls-closed'
  | 'server-gone'
  | 'failed'
  | 'replaced'
  | 'shutdown';

/** Receives what a publisher sends, whether it came to us or we subscribed to it at a server. */
export interface PublishSink extends RtpSink {
  /** The session is connected; called once, before its first access unit. */
  onConnected(): void;
  /** The session is over; called exactly once, nothing after it. */
  onClosed(reason: CloseReason, error?: Error): void;
}

/** Writes one line of log; what pino's methods take. */
type LogLine = (context: object, message: string) => void;

/** Where sessions log to. */
export interface SessionLog {
  debug: LogLine;
  info: LogLine;
  warn: LogLine;
}
