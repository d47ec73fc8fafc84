import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';
import { loadTarget } from './targets.ts';

/** Inputs that are run between two looks at the coverage, which cost a millisecond. */
const BATCH_SIZE = 128;
/** CPU time that one input may take for each mebibyte begun, ms. */
const SLOW_MS = 2000;
/** So much more memory than at the beginning, after a collection, is a leak, bytes. */
const LEAK_BYTES = 64 * 1024 * 1024;
const MEMORY_CHECK_MS = 10_000;
/** What the kept inputs of a target may have together, and one of them, bytes. */
const CORPUS_BYTES = 32 * 1024;
const KEPT_INPUT_BYTES = 4096;
/** Different findings after which a target is given up. */
const USUAL_MOST_FINDINGS = 20;

/** Something that is wrong. */
export interface Finding {
  /** The error with its stack, or what else is wrong. */
  what: string;
  /** Absent where it is no single input's doing. */
  input: Buffer | undefined;
}

/** What a run of a target came to. */
export interface FuzzResult {
  executions: number;
  corpus: Buffer[];
  covered: number;
  total: number;
  files: Map<string, number>;
  /** The input that took longest, and its CPU time in ms. */
  slowestInput: Buffer;
  slowestMs: number;
}

/** What is fuzzed, and for how long. */
export interface FuzzOptions {
  /** Of the target's module. */
  url: string;
  /** 32 bits. */
  seed: number;
  /** How long; 0 for the corpus alone. */
  seconds: number;
  /** Inputs to begin with. */
  corpus: readonly Uint8Array[];
  /** Different findings after which the target is given up; 20 unless given. */
  mostFindings?: number;
}

/** What the fuzzer tells while it runs. */
export interface FuzzEvents {
  /** Called before each input is run, for whoever watches over hangs. */
  onInput(input: Buffer): void;
  onFinding(finding: Finding): void;
}

/**
 * Fuzzes one target: changes inputs at random, and keeps those that run code in a way that no other
 * did, to be changed further. Which inputs are tried follows from the seed, as far as the engine's
 * coverage is the same in every run.
 */
export class Fuzzer {
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;
  readonly #random: Random;
  readonly #events: FuzzEvents;
  readonly #corpus: Buffer[] = [];
  readonly #findings = new Set<string>();
  #executions = 0;
  #slowestMs = 0;
  #slowestInput: Buffer = Buffer.alloc(0);
  #baselineBytes = 0;
  #memoryCheckedAt = 0;

  private constructor(target: FuzzTarget, coverage: Coverage, random: Random, events: FuzzEvents) {
    this.#target = target;
    this.#coverage = coverage;
    this.#random = random;
    this.#events = events;
  }

  /** Fuzzes a target for some time; beforehand all of its corpus is run once. */
  static async run(options: FuzzOptions, events: FuzzEvents): Promise<FuzzResult> {
    // The coverage of a file is only whole when it is counted from before it is loaded.
    const coverage = new Coverage();
    const target = await loadTarget(options.url);
    coverage.loaded(target.covers);
    const fuzzer = new Fuzzer(target, coverage, new Random(options.seed), events);
    const most = options.mostFindings ?? USUAL_MOST_FINDINGS;
    return fuzzer.#run(options.corpus, options.seconds * 1000, most);
  }

  async #run(kept: readonly Uint8Array[], durationMs: number, most: number): Promise<FuzzResult> {
    const endsAt = performance.now() + durationMs;
    // A Buffer that came from another thread is none any more.
    const inputs = kept.map((input) => Buffer.from(input));
    for (const input of [...inputs, ...this.#target.seeds()]) await this.#tryAlone(input);
    if (this.#corpus.length === 0) this.#corpus.push(Buffer.alloc(0));
    this.#memoryCheckedAt = performance.now();
    while (performance.now() < endsAt && this.#findings.size < most) {
      const batch: Buffer[] = [];
      while (batch.length < BATCH_SIZE) {
        batch.push(mutate(this.#choose(), this.#corpus, this.#target, this.#random));
      }
      await this.#explore(batch);
      // Only alone it is seen how often an input ran what others ran too.
      await this.#tryAlone(batch[0]!);
      await this.#checkMemory();
    }
    const summary = this.#coverage.summary();
    const corpus = await this.#minimise();
    return {
      executions: this.#executions,
      corpus,
      ...summary,
      slowestMs: this.#slowestMs,
      slowestInput: this.#slowestInput,
    };
  }

  /**
   * Half of the time one of the newest, which are nearest to what has not been seen yet; of two the
   * shorter one mostly, because a change of it changes more.
   */
  #choose(): Buffer {
    const { length } = this.#corpus;
    const newest = Math.max(1, length >> 3);
    const oldest = this.#random.below(2) === 0 ? 0 : length - newest;
    const one = this.#corpus[oldest + this.#random.below(length - oldest)]!;
    const other = this.#corpus[oldest + this.#random.below(length - oldest)]!;
    return one.length <= other.length || this.#random.below(8) === 0 ? one : other;
  }

  /** Runs inputs together, and halves them until what is new in them is found. */
  async #explore(inputs: readonly Buffer[]): Promise<void> {
    if (inputs.length === 1) {
      await this.#tryAlone(inputs[0]!);
      return;
    }
    for (const input of inputs) await this.#execute(input);
    if (!this.#coverage.peek()) return;
    const half = inputs.length >> 1;
    await this.#explore(inputs.slice(0, half));
    await this.#explore(inputs.slice(half));
  }

  async #tryAlone(input: Buffer): Promise<void> {
    this.#coverage.forget();
    const passed = await this.#execute(input);
    // A copy: a part that was cut off would stay in memory with it.
    if (this.#coverage.note() > 0 && passed) this.#corpus.push(Buffer.from(input));
  }

  /** Runs one input; false when it was a finding. */
  async #execute(input: Buffer): Promise<boolean> {
    this.#executions++;
    this.#events.onInput(input);
    const startedAt = performance.now();
    try {
      const running = this.#target.run(input);
      if (running !== undefined) await running;
    } catch (error) {
      this.#report(describe(error), input);
      return false;
    }
    if (performance.now() - startedAt > this.#slowestMs) await this.#measure(input);
    return true;
  }

  /** Runs an input that took long again, by a clock that other programs do not count in. */
  async #measure(input: Buffer): Promise<void> {
    const before = process.threadCpuUsage();
    await this.#target.run(input);
    const { user, system } = process.threadCpuUsage(before);
    const cpuMs = (user + system) / 1000;
    if (cpuMs <= this.#slowestMs) return;
    this.#slowestMs = cpuMs;
    this.#slowestInput = input;
    // An empty input has begun its first mebibyte too.
    if (cpuMs < SLOW_MS * Math.max(1, Math.ceil(input.length / 2 ** 20))) return;
    this.#report(
      `SlowInput: ${input.length} bytes took ${Math.round(cpuMs)} ms of CPU time`,
      input,
    );
  }

  #report(what: string, input: Buffer | undefined): void {
    // The same place in the code is the same finding, whatever the numbers in the message.
    const place = what.replace(/\d+/g, '#').split('\n').slice(0, 3).join();
    if (this.#findings.has(place)) return;
    this.#findings.add(place);
    this.#events.onFinding({ what, input });
  }

  async #checkMemory(): Promise<void> {
    if (performance.now() - this.#memoryCheckedAt < MEMORY_CHECK_MS) return;
    this.#memoryCheckedAt = performance.now();
    const used =
      (await usedAfterCollection()) - this.#corpus.reduce((sum, { length }) => sum + length, 0);
    if (this.#baselineBytes === 0) this.#baselineBytes = used;
    const more = used - this.#baselineBytes;
    if (more > LEAK_BYTES) {
      this.#report(`MemoryGrowth: ${more} bytes more than at the beginning`, undefined);
    }
  }

  /** The shortest inputs that run together what all of them run, then those that run it more often. */
  async #minimise(): Promise<Buffer[]> {
    this.#coverage.reset();
    const inputs = this.#corpus
      .filter(({ length }) => length <= KEPT_INPUT_BYTES)
      .sort((a, b) => a.length - b.length);
    const kept: Buffer[] = [];
    const others: Buffer[] = [];
    for (const input of inputs) {
      this.#coverage.forget();
      this.#events.onInput(input);
      await this.#target.run(input);
      (this.#coverage.noteBlocks() > 0 ? kept : others).push(input);
    }
    let bytes = kept.reduce((sum, { length }) => sum + length, 0);
    for (const input of others) {
      if (bytes + input.length > CORPUS_BYTES) break;
      this.#coverage.forget();
      this.#events.onInput(input);
      await this.#target.run(input);
      if (this.#coverage.note() === 0) continue;
      kept.push(input);
      bytes += input.length;
    }
    return kept;
  }
}

/** What a thrown value says, with its stack where it has one. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : `thrown: ${String(error)}`;
}

let collect: (() => void) | undefined;

/** Bytes in use, on the heap and beside it, once garbage is gone. */
async function usedAfterCollection(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  // Memory beside the heap is given back by another thread, a little later.
  await delay(100);
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
