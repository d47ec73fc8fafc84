const HANDLED = ['SIGHUP', 'SIGTERM', 'SIGINT'] as const;

/** A signal that the program answers; Node and systemd have many more. */
export type HandledSignal = (typeof HANDLED)[number];

/**
 * Signals, from the first moment of the program on: none ends it before it knows what to do, and those
 * that come before are kept. Besides, the kernel gives process 1, as in a container, only signals that it
 * handles.
 */
class Signals {
  readonly #calls = new Map<HandledSignal, () => void>();
  readonly #waiting = new Set<HandledSignal>();
  readonly #listeners = HANDLED.map((name) => ({ name, take: () => this.#take(name) }));

  constructor() {
    for (const { name, take } of this.#listeners) process.on(name, take);
  }

  /** Calls for each signal of this name, instead of what was called before, and once if one has come. */
  on(name: HandledSignal, call: () => void): void {
    this.#calls.set(name, call);
    if (this.#waiting.delete(name)) call();
  }

  /** Lets signals end the program as they usually do, also those that have come. */
  release(): void {
    for (const { name, take } of this.#listeners) process.off(name, take);
    for (const name of this.#waiting) process.kill(process.pid, name);
  }

  #take(name: HandledSignal): void {
    const call = this.#calls.get(name);
    if (call === undefined) this.#waiting.add(name);
    else call();
  }
}

/** The signals of this process. */
export const signals = new Signals();
