/** What the thread that fuzzes shows to the thread that watches it. */
export interface Watched {
  /** Number of inputs run, and length of the one being run in bytes. */
  state: Int32Array<SharedArrayBuffer>;
  /** The input being run. */
  bytes: SharedArrayBuffer;
}

/** What no input may take. */
export interface Limits {
  /** CPU time after which an input hangs, ms: what other programs take of the processor does not count. */
  hangCpuMs: number;
  /** Time after which it waits for something that does not come, ms. */
  stuckMs: number;
  /** Memory of the whole process, bytes. */
  memoryBytes: number;
}

/** Limits of `npm run fuzz`. */
export const USUAL_LIMITS: Limits = {
  hangCpuMs: 15_000,
  stuckMs: 600_000,
  memoryBytes: 2 * 1024 ** 3,
};

const LOOK_MS = 250;

/** Memory to watch a thread by, for inputs of at most `maxBytes`. */
export function watchedMemory(maxBytes: number): Watched {
  return {
    state: new Int32Array(new SharedArrayBuffer(8)),
    bytes: new SharedArrayBuffer(maxBytes),
  };
}

/**
 * Looks at a thread until it is stopped or finds it doing what no parser may.
 *
 * @param onFault told once, with the input that is at fault
 * @returns stops it
 */
export function watch(
  watched: Watched,
  limits: Limits,
  onFault: (what: string, input: Buffer) => void,
): () => void {
  let runs = -1;
  let since = performance.now();
  let cpu = process.cpuUsage();
  const timer = setInterval(() => {
    const now = Atomics.load(watched.state, 0);
    const memory = process.memoryUsage.rss();
    if (now !== runs) {
      runs = now;
      since = performance.now();
      cpu = process.cpuUsage();
    }
    const { user, system } = process.cpuUsage(cpu);
    let what: string | undefined;
    if ((user + system) / 1000 > limits.hangCpuMs) what = 'Hang: the input does not end';
    else if (performance.now() - since > limits.stuckMs) what = 'Hang: waits for ever';
    else if (memory > limits.memoryBytes) what = `Memory: the process has ${memory} bytes`;
    if (what === undefined) return;
    clearInterval(timer);
    onFault(what, currentInput(watched));
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/** The input that is being run, or was run last. */
export function currentInput(watched: Watched): Buffer {
  return Buffer.from(Buffer.from(watched.bytes, 0, Atomics.load(watched.state, 1)));
}
