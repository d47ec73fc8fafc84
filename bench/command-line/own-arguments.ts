/**
 * The command line from its first option on, which is the benchmark's own: before it are the names of benchmarks, if
 * `run.ts` was started.
 */
export function ownArguments(): string[] {
  const first = process.argv.findIndex((argument, index) => index > 1 && argument.startsWith('-'));
  return first < 0 ? [] : process.argv.slice(first);
}
