/** The log of recordings, with the signature of pino's methods. */
export interface RecordingLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
