import type { DeletionReason } from '../facts/deletion-report.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import { type DeletionGroup, deletionGroups } from './deletion-groups.ts';
import { type RetentionRules, ruleFinder } from './retention-rules.ts';

/** Something to delete. */
export interface Deletion extends DeletionGroup {
  reason: DeletionReason;
}

/** Why something is not deleted. */
export type KeptReason = 'protected' | 'in_use';

/** Tells why a stretch of a stream must stay; undefined if it need not. */
export type KeepReason = (stream: string, startUs: number, endUs: number) => KeptReason | undefined;

/** A limit that cannot be met by deleting all that may be deleted. */
export interface UnmetLimit {
  rule: 'max_size' | 'min_free';
  /** Bytes that are too much. */
  bytes: number;
}

/** What follows from the rules at a moment. */
export interface DeletionPlan {
  /** The oldest first. */
  deletions: Deletion[];
  /** Bytes of what the rules name and something keeps, by reason. */
  kept: Partial<Record<KeptReason, number>>;
  unmet: UnmetLimit[];
}

/** Circumstances of a plan. */
export interface PlanCircumstances {
  nowUs: number;
  /** Younger segments are not deleted: players are there. µs. */
  liveUs: number;
  keepReason: KeepReason;
  /**
   * Bytes that lack on the disk until `min_free` is met, less what is being deleted already; 0 or
   * less for none.
   */
  missingBytes: number;
  /**
   * Whether it waits until deleting is worthwhile, because each sweep rewrites manifests, and then
   * deletes a little more.
   */
  isPatient: boolean;
}

/** Segments of a stream that a plan looks at; the next one goes on. */
const MOST_ROWS = 20_000;
/** Segments of a plan, the oldest; the others are those of the next one. */
const MOST_SEGMENTS = 50_000;
/** How much the rules may be exceeded before a patient plan deletes something. */
const SLACK = 0.01;
const LONGEST_SLACK_US = 3_600e6;
/** The time that the search for the oldest segments begins with, µs. */
const FIRST_SPAN_US = 600e6;

/** Decides what the rules delete: whole groups of segments, the oldest first across streams. */
export function planDeletions(
  index: Pick<SegmentIndex, 'streams' | 'folders' | 'listed'>,
  rules: RetentionRules,
  circumstances: PlanCircumstances,
): DeletionPlan {
  return new Planner(index, rules, circumstances).plan();
}

class Planner {
  readonly #index: Pick<SegmentIndex, 'streams' | 'folders' | 'listed'>;
  readonly #rules: RetentionRules;
  readonly #at: PlanCircumstances;
  readonly #streams: string[];
  readonly #ruleOf: ReturnType<typeof ruleFinder>;
  readonly #planned = new Map<string, Deletion>();
  readonly #kept = new Map<string, { reason: KeptReason; bytes: number }>();
  readonly #unmet: UnmetLimit[] = [];

  constructor(
    index: Pick<SegmentIndex, 'streams' | 'folders' | 'listed'>,
    rules: RetentionRules,
    circumstances: PlanCircumstances,
  ) {
    this.#index = index;
    this.#rules = rules;
    this.#at = circumstances;
    this.#streams = index.streams();
    this.#ruleOf = ruleFinder(rules);
  }

  plan(): DeletionPlan {
    for (const stream of this.#streams) this.#byAge(stream);
    for (const rule of this.#rules.streams) {
      const own = this.#streams.filter((stream) => this.#ruleOf(stream) === rule);
      this.#bySize(own, rule.maxBytes);
    }
    this.#bySize(this.#streams, this.#rules.maxBytes);
    let missing = this.#at.missingBytes;
    for (const { bytes } of this.#planned.values()) missing -= bytes;
    this.#oldest(this.#streams, missing, 'min_free');
    const all = [...this.#planned.values()].sort((a, b) => a.endUs - b.endUs);
    let segments = 0;
    const deletions = all.filter((each) => {
      segments += each.segments.length;
      return segments <= MOST_SEGMENTS;
    });
    const kept: DeletionPlan['kept'] = {};
    for (const { reason, bytes } of this.#kept.values()) kept[reason] = (kept[reason] ?? 0) + bytes;
    return { deletions, kept, unmet: this.#unmet };
  }

  #byAge(stream: string): void {
    const { nowUs, liveUs, isPatient } = this.#at;
    const ageUs = this.#ruleOf(stream)?.maxAgeUs ?? this.#rules.maxAgeUs;
    if (ageUs === undefined || !Number.isFinite(ageUs)) return;
    const untilUs = nowUs - Math.max(ageUs, liveUs);
    const groups = this.#deletable(stream, untilUs);
    const slackUs = isPatient ? Math.min(ageUs * SLACK, LONGEST_SLACK_US) : 0;
    if ((groups[0]?.endUs ?? Number.POSITIVE_INFINITY) > untilUs - slackUs) return;
    for (const group of groups) this.#add(group, 'max_age');
  }

  #bySize(streams: readonly string[], limit: number | undefined): void {
    if (limit === undefined) return;
    let bytes = 0;
    for (const stream of streams) {
      for (const folder of this.#index.folders(stream)) bytes += folder.bytes;
    }
    for (const planned of this.#planned.values()) {
      if (streams.includes(planned.stream)) bytes -= planned.bytes;
    }
    if (bytes <= limit) return;
    this.#oldest(streams, bytes - limit * (this.#at.isPatient ? 1 - SLACK : 1), 'max_size');
  }

  /** Adds the oldest groups until they have so many bytes. */
  #oldest(streams: readonly string[], bytes: number, reason: 'max_size' | 'min_free'): void {
    if (bytes <= 0) return;
    const { nowUs, liveUs } = this.#at;
    const lastUs = nowUs - liveUs;
    const starts = streams.map((stream) => this.#index.folders(stream)[0]?.startUs ?? lastUs);
    const firstUs = Math.min(lastUs, ...starts);
    for (let spanUs = FIRST_SPAN_US; ; spanUs *= 2) {
      const untilUs = Math.min(firstUs + spanUs, lastUs);
      const groups = streams.flatMap((stream) => this.#deletable(stream, untilUs));
      const found = groups.reduce((sum, group) => sum + group.bytes, 0);
      if (found < bytes && untilUs < lastUs) continue;
      let left = bytes;
      for (const group of groups.sort((a, b) => a.endUs - b.endUs)) {
        if (left <= 0) return;
        this.#add(group, reason);
        left -= group.bytes;
      }
      if (left > 0) this.#unmet.push({ rule: reason, bytes: Math.ceil(left) });
      return;
    }
  }

  /** Groups that end by a time, that are not planned, and that nothing keeps. */
  #deletable(stream: string, untilUs: number): DeletionGroup[] {
    // The segment after the last one tells whether that needs it.
    const endUs = Math.floor(untilUs) + 1;
    const rows = this.#index.listed({ stream, endUs, limit: MOST_ROWS });
    const groups = deletionGroups(rows);
    // Segments that belong to the last groups may be among those that were not looked at.
    if (rows.length === MOST_ROWS) groups.splice(-2);
    return groups.filter((group) => {
      if (group.endUs > untilUs || this.#planned.has(keyOf(group))) return false;
      const reason = this.#at.keepReason(stream, group.startUs, group.endUs);
      if (reason === undefined) return true;
      this.#kept.set(keyOf(group), { reason, bytes: group.bytes });
      return false;
    });
  }

  #add(group: DeletionGroup, reason: DeletionReason): void {
    this.#planned.set(keyOf(group), { ...group, reason });
  }
}

function keyOf({ segments }: DeletionGroup): string {
  return segments[0]!.segment.path;
}
