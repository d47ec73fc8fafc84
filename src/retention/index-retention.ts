import { DAY_US } from '../layout/day.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';

const SWEEP_MS = 3_600_000;
/**
 * Records that nobody has acknowledged stay beyond their time, but at most this number: a Liveman
 * that was away for longer still learns of them, and where there is none they cost some megabytes.
 */
const MOST_UNACKED = 10_000;

/** What {@link IndexRetention} works on. */
export interface IndexRetentionOptions {
  index: SegmentIndex;
  catalogue: RecordCatalogue;
  /** Days after which segments and records leave; 0: never. */
  days: number;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Time before which index and catalogue keep nothing, µs since the Unix epoch; 0 for ever. */
export function retainedFromUs(days: number, nowUs: number): number {
  return days === 0 ? 0 : Math.floor(nowUs - days * DAY_US);
}

/**
 * Lets segments and records leave index, catalogue and their journals when they are old enough, so
 * that memory and start-up time are bounded. What was recorded is not touched.
 */
export class IndexRetention {
  readonly #options: IndexRetentionOptions;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: IndexRetentionOptions) {
    this.#options = options;
  }

  /** Looks now and every hour. */
  start(): void {
    if (this.#options.days === 0) return;
    const sweep = () => {
      this.#sweeping = this.#sweeping
        .then(() => this.sweep())
        .catch((err: unknown) => {
          this.#options.log.error({ err }, 'old segments could not be dropped from the index');
        });
    };
    this.#timer = setInterval(sweep, SWEEP_MS).unref();
    sweep();
  }

  /** Drops what is old enough. @throws Error of the file system when a journal cannot be written */
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

  /** Looks no more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }
}
