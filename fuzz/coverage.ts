import { readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(import.meta.dirname, '..');

/** How often a piece of code ran, as far as it tells inputs apart: 1, 2, 3, 4–7, 8–31, 32–127, more. */
function magnitude(count: number): number {
  if (count < 4) return count;
  if (count < 8) return 4;
  if (count < 32) return 5;
  return count < 128 ? 6 : 7;
}

/**
 * Which code ran, from V8's own precise coverage of blocks. To be started before the code is loaded.
 */
export class Coverage {
  readonly #session = new Session();
  #covers: readonly string[] = [];
  /** By script: for each character of its source, which magnitudes of its counts were seen, a bit each. */
  readonly #seen = new Map<string, Uint8Array>();
  /** By script: which characters are within a function. */
  readonly #functions = new Map<string, Uint8Array>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /**
   * To be called once the code is loaded: what only loading runs counts for nothing.
   *
   * @param covers files or folders, from the root of the repository; others are not looked at
   */
  loaded(covers: readonly string[]): void {
    this.#covers = covers;
    for (const { url, functions } of this.#take()) {
      const source = readFileSync(fileURLToPath(url), 'utf8');
      const within = new Uint8Array(source.length);
      for (const { functionName, ranges } of functions) {
        const { startOffset, endOffset } = ranges[0]!;
        if (functionName === '' && startOffset === 0) continue;
        within.fill(1, startOffset, endOffset);
      }
      this.#functions.set(url, within);
      this.#seen.set(url, new Uint8Array(source.length));
    }
  }

  /**
   * Looks at what ran since the last call, and remembers nothing of it.
   *
   * @returns whether there is code among it that no noted input ran
   */
  peek(): boolean {
    return this.#look(false, false) > 0;
  }

  /**
   * Notes what one input ran since the last call.
   *
   * @returns how many pieces of code ran that never ran before, or never so often
   */
  note(): number {
    return this.#look(true, true);
  }

  /** Notes the same, and returns only how many pieces of code never ran before. */
  noteBlocks(): number {
    return this.#look(false, true);
  }

  /** Forgets all that was noted. */
  reset(): void {
    for (const seen of this.#seen.values()) seen.fill(0);
  }

  /** Drops what ran since the last call. */
  forget(): void {
    this.#take();
  }

  /** Share of the code within functions that ran, in characters. */
  summary(): { covered: number; total: number; files: Map<string, number> } {
    let covered = 0;
    let total = 0;
    const files = new Map<string, number>();
    for (const [url, within] of this.#functions) {
      const seen = this.#seen.get(url)!;
      let coveredHere = 0;
      let totalHere = 0;
      for (let at = 0; at < within.length; at++) {
        totalHere += within[at]!;
        if (seen[at] !== 0) coveredHere += within[at]!;
      }
      if (totalHere > 0) files.set(relative(ROOT, fileURLToPath(url)), coveredHere / totalHere);
      covered += coveredHere;
      total += totalHere;
    }
    return { covered, total, files };
  }

  #look(counts: boolean, remember: boolean): number {
    let fresh = 0;
    for (const { url, functions } of this.#take()) {
      const seen = this.#seen.get(url);
      if (seen === undefined) continue;
      const ranges = functions.flatMap((one) => one.ranges);
      // Outer ranges before those within them, so that the innermost one has the last word.
      ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
      for (const { start, end, count } of innermost(ranges)) {
        const wanted = counts ? 1 | (1 << magnitude(count)) : 1;
        if (lacks(seen, this.#functions.get(url)!, start, end, wanted, remember)) fresh++;
      }
    }
    return fresh;
  }

  #take(): Profiler.ScriptCoverage[] {
    let scripts: Profiler.ScriptCoverage[] = [];
    // Within one thread the answer comes before the call returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, result) => {
      if (error !== null) throw error;
      scripts = result.result;
    });
    return scripts.filter(({ url }) => {
      if (!url.startsWith('file://')) return false;
      const path = relative(ROOT, fileURLToPath(url));
      return this.#covers.some((one) => path === one || path.startsWith(`${one}/`));
    });
  }
}

interface Span {
  start: number;
  end: number;
  /** How often it ran; at least once. */
  count: number;
}

/** The spans that ran, without overlap, of ranges that lie within each other. */
function innermost(ranges: readonly Profiler.CoverageRange[]): Span[] {
  const spans: Span[] = [];
  const open: Profiler.CoverageRange[] = [];
  let at = 0;
  const advance = (to: number): void => {
    const count = open.at(-1)?.count ?? 0;
    if (count > 0 && at < to) spans.push({ start: at, end: to, count });
    at = Math.max(at, to);
  };
  const close = (): void => {
    advance(open.at(-1)!.endOffset);
    open.pop();
  };
  for (const range of ranges) {
    while (open.length > 0 && open.at(-1)!.endOffset <= range.startOffset) close();
    advance(range.startOffset);
    open.push(range);
  }
  while (open.length > 0) close();
  return spans;
}

/** Whether a character of the span lacks one of the bits; sets them where it shall remember. */
function lacks(
  seen: Uint8Array,
  within: Uint8Array,
  start: number,
  end: number,
  bits: number,
  remember: boolean,
): boolean {
  let lacking = false;
  for (let at = start; at < end && at < seen.length; at++) {
    if (within[at] === 0 || (seen[at]! & bits) === bits) continue;
    lacking = true;
    if (!remember) return true;
    seen[at]! |= bits;
  }
  return lacking;
}
