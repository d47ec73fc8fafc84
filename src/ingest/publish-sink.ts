import type { RtpSink } from '../rtp/rtp-receiver.ts';

/**
 * Why a session ended: the other side requested it (`client`); nothing authentic arrived for too
 * long (`idle`), or no media although the server was asked for it (`no-media`); the publisher
 * (`dtls-closed`) or the server (`server-gone`) ended DTLS or could no longer be reached; it never
 * connected (`failed`); another publisher replaced it (`replaced`); the recorder is stopping
 * (`shutdown`).
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

/** Receives the media of a publisher, whether it was published here or is pulled from a server. */
export interface PublishSink extends RtpSink {
  /** The session is connected; called once, before its first access unit. */
  onConnected(): void;
  /** The session has ended; called exactly once, after everything else. */
  onClosed(reason: CloseReason, error?: Error): void;
}

/** A log method with the signature of pino's. */
type LogLine = (context: object, message: string) => void;

/** The log of sessions. */
export interface SessionLog {
  debug: LogLine;
  info: LogLine;
  warn: LogLine;
}
