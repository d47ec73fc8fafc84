/** What a check of the machine found. */
export interface CheckResult {
  /** What was checked, for example `disk`. */
  name: string;
  /**
   * `warning`: the recorder starts, but not everything will work. `problem`: it does not start, or
   * cannot record. `unknown`: it could not be found out.
   */
  state: 'ok' | 'warning' | 'problem' | 'unknown';
  /** One sentence, with what to change if something is wrong. */
  message: string;
  /** The figures in the message, for programs. */
  figures?: Record<string, number>;
}

/** The result of a check that failed. @param name what was checked */
export function problem(name: string, error: unknown): CheckResult {
  const message = error instanceof Error ? error.message : String(error);
  return { name, state: 'problem', message };
}
