/** Logging of what becomes of a recording, as pino does it. */
export interface RecordingLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
