import { DAY_US } from '../layout/day.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';

const SWEEP_MS = 3_600_000;
/**
 * Maximum number of old records without an acknowledgement that are kept: a Liveman that was
 * offline for long still receives them, and without a Liveman they use some megabytes.
 */
const MOST_UNACKED = 10_000;

/** Options of {@link IndexRetention}. */
export interface IndexRetentionOptions {
  index: SegmentIndex;
  catalogue: RecordCatalogue;
  /** Age at which segments and records are removed, days; 0: never. */
  days: number;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Earliest time that index and catalogue keep, µs since the Unix epoch; 0 for ever. */
export function retainedFromUs(days: number, nowUs: number): number {
  return days === 0 ? 0 : Math.floor(nowUs - days * DAY_US);
}

/**
 * Removes old segments and records from index, catalogue and their journals, to limit memory and
 * start-up time. The recordings are not touched.
 */
export class IndexRetention {
  readonly #options: IndexRetentionOptions;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: IndexRetentionOptions) {
    this.#options = options;
  }

  /** Runs now and every hour. */
  start(): void {
    if (this.#options.days === 0) return;
    const sweep = () => {
      this.#sweeping = this.#sweeping
        .then(() => this.sweep())
        .catch((err: unknown) => {
          this.#options.log.error({ err }, 'cannot drop old segments from the index');
        });
    };
    this.#timer = setInterval(sweep, SWEEP_MS).unref();
    sweep();
  }

  /** Drops what is old enough. @throws the file system's error if a journal cannot be written */
  async sweep(): Promise<void> {
    const { index, catalogue, days, now, log } = this.#options;
    const beforeUs = retainedFromUs(days, now());
    if (beforeUs <= 0) return;
    const segments = await index.evict(beforeUs);
    const records = await catalogue.evict(beforeUs, MOST_UNACKED);
    if (segments + records > 0) {
      log.info({ segments, records, days }, 'dropped old segments and records from the index');
    }
  }

  /** Stops; resolves when nothing is in progress. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }
}
