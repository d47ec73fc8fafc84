/** One thing that is wrong in a configuration file. */
export interface ConfigProblem {
  /** Line in the file, from 1; undefined when the problem has no place in it. */
  line: number | undefined;
  /** What is wrong and how to mend it, beginning with the key. */
  message: string;
}

/** The configuration cannot be used. `message` has one line per problem, each with file and line. */
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
