/** An error in a configuration file. */
export interface ConfigProblem {
  /** Line in the file, from 1; undefined if the problem has no line. */
  line: number | undefined;
  /** What is wrong and how to correct it, beginning with the key. */
  message: string;
}

/** The configuration is invalid. `message` has one line per problem, with file and line number. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly filename: string;
  readonly problems: readonly ConfigProblem[];

  constructor(filename: string, problems: readonly ConfigProblem[]) {
    super(
      problems
        .map(({ line, message }) =>
          line === undefined ? `${filename}: ${message}` : `${filename}:${line}: ${message}`,
        )
        .join('\n'),
    );
    this.filename = filename;
    this.problems = problems;
  }
}
