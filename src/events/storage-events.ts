import { type Clock, systemClock } from '../clock/clock.ts';
import type { SpoolState } from '../storage/spool/spool-options.ts';
import type { Emit } from './event.ts';

/** Interval between two looks at the state, ms. */
const LOOK_MS = 5_000;
/**
 * How long the storage must be well again before that is told, ms: a bucket that comes and goes is
 * degraded, not recovered every few seconds.
 */
const WELL_MS = 30_000;

/** States from bad to worse. */
const SEVERITY = ['ok', 'delayed', 'alarm', 'full'] as const;

/** Tells when a bucket does not take what is recorded, and when it does again. */
export class StorageEvents {
  readonly #name: string;
  readonly #state: () => SpoolState | undefined;
  readonly #emit: Emit;
  readonly #clock: Clock;
  #told: SpoolState['state'] = 'ok';
  /** Since when it has been better than told, ms; NaN while it is not. */
  #betterSince = Number.NaN;
  #cancel: (() => void) | undefined;

  /**
   * @param name of the storage
   * @param state returns undefined before uploads begin
   */
  constructor(
    name: string,
    state: () => SpoolState | undefined,
    emit: Emit,
    clock: Clock = systemClock,
  ) {
    this.#name = name;
    this.#state = state;
    this.#emit = emit;
    this.#clock = clock;
  }

  /** Looks now and every five seconds. */
  start(): void {
    this.#look();
    this.#cancel = this.#clock.after(LOOK_MS, () => this.start());
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const spool = this.#state();
    if (spool === undefined) return;
    const { state, waitingFiles, waitingBytes, lastError } = spool;
    const waiting = { waiting_files: waitingFiles, waiting_bytes: waitingBytes };
    const name = this.#name;
    if (SEVERITY.indexOf(state) >= SEVERITY.indexOf(this.#told)) this.#betterSince = Number.NaN;
    if (state !== 'ok' && SEVERITY.indexOf(state) > SEVERITY.indexOf(this.#told)) {
      this.#told = state;
      const error = lastError && { error: lastError.code };
      this.#emit('storage.degraded', { name, state, ...waiting, ...error });
    } else if (state !== this.#told && this.#isLastingly()) {
      this.#told = state;
      if (state === 'ok') this.#emit('storage.recovered', { name, ...waiting });
    }
  }

  #isLastingly(): boolean {
    const nowMs = this.#clock.now();
    if (Number.isNaN(this.#betterSince)) this.#betterSince = nowMs;
    return nowMs - this.#betterSince >= WELL_MS;
  }
}
