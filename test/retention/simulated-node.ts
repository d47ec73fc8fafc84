import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { AbandonedFolder, recoverAfterCrash } from '../../src/day-folder/crash-recovery.ts';
import { removeDayFolder } from '../../src/day-folder/folder-removal.ts';
import type { PresentationFolder } from '../../src/day-folder/presentation-folder.ts';
import type { DeletionReport } from '../../src/facts/deletion-report.ts';
import type { RecordingFact } from '../../src/facts/recording-fact.ts';
import { type FreeSpace, freeSpace } from '../../src/files/free-space.ts';
import { SpaceReserve } from '../../src/files/space-reserve.ts';
import { IndexRebuild } from '../../src/index-rebuild/index-rebuild.ts';
import { MANIFEST_NAME, segmentName } from '../../src/layout/file-names.ts';
import { objectPath } from '../../src/layout/object-path.ts';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import { RecordCatalogue } from '../../src/record-catalogue/record-catalogue.ts';
import { type DeletableFiles, filesOnDisk } from '../../src/retention/deletable-files.ts';
import type { FolderEditor } from '../../src/retention/folder-editor.ts';
import { MediaRetention } from '../../src/retention/media-retention.ts';
import { Protections } from '../../src/retention/protections.ts';
import type { RetentionRules } from '../../src/retention/retention-rules.ts';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { folderReader } from '../../src/storage/recordings-reader.ts';
import { JournalFeed } from '../../src/workers/journal-feed.ts';
import { type SimulatedOptions, SimulatedPublisher } from '../recording/simulated-publisher.ts';

/** How a {@link SimulatedNode} differs from the usual. */
export interface SimulatedNodeOptions {
  rules?: Partial<RetentionRules>;
  segmentSeconds?: number;
  /** Free space of a disk that there is not. */
  freeSpace?: () => Promise<FreeSpace>;
  /** See `MediaRetentionOptions.completeIndex`. */
  completeIndex?: () => Promise<boolean>;
  /** See `MediaRetentionOptions.reported`. */
  reported?: () => Promise<void>;
  /** Deletes files in another way. */
  files?: DeletableFiles;
}

/**
 * Recordings with their index and their retention, as in the service but in one thread and under a
 * simulated clock; files and journals are real.
 */
export class SimulatedNode {
  readonly root: string;
  readonly publishers: SimulatedPublisher[] = [];
  readonly deleted: DeletionReport[] = [];
  readonly logged: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  index!: SegmentIndex;
  catalogue!: RecordCatalogue;
  retention!: MediaRetention;
  nowUs: number;
  readonly #t: Test;
  readonly #options: SimulatedNodeOptions;
  #segments!: JournalFeed<Parameters<SegmentIndex['add']>[0]>;
  #records!: JournalFeed<Parameters<RecordCatalogue['put']>[0]>;

  private constructor(t: Test, root: string, nowUs: number, options: SimulatedNodeOptions) {
    this.#t = t;
    this.root = root;
    this.nowUs = nowUs;
    this.#options = options;
  }

  /** Opens it, also over what one of before left. */
  static async open(
    t: Test,
    root: string,
    nowUs: number,
    options: SimulatedNodeOptions = {},
  ): Promise<SimulatedNode> {
    const node = new SimulatedNode(t, root, nowUs, options);
    await node.#open();
    return node;
  }

  async #open(): Promise<void> {
    const { root } = this;
    const line = (level: string) => (fields: object, message: string) =>
      void this.logged.push({ level, fields: { ...fields }, message });
    const log = { info: line('info'), warn: line('warn'), error: line('error') };
    const now = () => this.nowUs;
    const indexPath = path.join(root, '.index', 'segments.jsonl');
    const journalPath = path.join(root, '.index', 'records.jsonl');
    this.index = await SegmentIndex.open({ journalPath: indexPath, nodeAlias: 'node', log, now });
    this.catalogue = await RecordCatalogue.open({ journalPath, log, now });
    const failure = 'cannot be added';
    const name = () => ({});
    this.#segments = new JournalFeed({
      put: async (segment) => {
        if (!this.index.has(segment.path)) await this.index.add(segment);
      },
      ...{ name, failure, log },
    });
    this.#records = new JournalFeed({
      put: (record) => this.catalogue.put(record),
      ...{ name, failure, log },
    });
    this.retention = new MediaRetention({
      index: this.index,
      catalogue: this.catalogue,
      protections: await Protections.open(indexPath),
      rules: { streams: [], graceSeconds: 60, ...this.#options.rules },
      editor: this.#editor,
      files: this.#options.files ?? filesOnDisk(root),
      freeSpace: this.#options.freeSpace ?? (() => freeSpace(root)),
      ...(this.#options.completeIndex && { completeIndex: this.#options.completeIndex }),
      reserve: new SpaceReserve(path.join(root, '.index', 'reserve')),
      segmentSeconds: this.#options.segmentSeconds ?? 2,
      onDeleted: (report) => this.deleted.push(report),
      ...(this.#options.reported && { reported: this.#options.reported }),
      now,
      log,
    });
  }

  /** Begins to record a stream. */
  publish(stream: string, options: SimulatedOptions = {}): SimulatedPublisher {
    const publisher = new SimulatedPublisher(
      this.#t,
      {
        startUs: this.nowUs,
        segmentSeconds: this.#options.segmentSeconds ?? 2,
        ...options,
        recording: { stream, onFact: this.onFact, ...options.recording },
      },
      this.root,
    );
    this.publishers.push(publisher);
    return publisher;
  }

  readonly onFact = (fact: RecordingFact): void => {
    if (fact.type === 'segment') this.#segments.add(fact.segment);
    else if (fact.type === 'record') this.#records.add(fact.record);
  };

  /** Lets time pass for all streams; what was recorded is in the index afterwards. */
  async run(seconds: number): Promise<void> {
    for (const publisher of this.publishers) {
      await publisher.run(seconds);
      await publisher.recording.written();
    }
    this.nowUs += seconds * 1e6;
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.#segments.idle();
    await this.#records.idle();
  }

  /** Takes up what one of before left, as at a start. */
  async recover(): Promise<void> {
    await recoverAfterCrash({
      root: this.root,
      streamOf: () => undefined,
      isKnown: (path) => this.index.has(path),
      indexedUs: this.index.lastCreatedAt,
      nowUs: this.nowUs,
      onFact: this.onFact,
      log: { info() {}, error() {} },
    });
    await this.settled();
  }

  /** Adds to the index what it lacks, as the service does when it was lost. */
  async completeIndex(): Promise<void> {
    const rebuild = await IndexRebuild.begin({
      ...{ reader: folderReader(this.root), index: this.index, catalogue: this.catalogue },
      ...{ streamOf: () => undefined, fromUs: 0, untilUs: this.nowUs, graceUs: 30e6 },
      ...{ withRecords: false, now: () => this.nowUs, log: { info() {}, warn() {} } },
    });
    await rebuild.run();
  }

  /** Ends all recordings. */
  async endAll(): Promise<void> {
    for (const { recording } of this.publishers.splice(0)) await recording.close();
    await this.settled();
  }

  async close(): Promise<void> {
    await this.endAll();
    await this.retention.stop();
    await this.index.close();
    await this.catalogue.close();
  }

  get #editor(): FolderEditor {
    const edit = <T>(
      folder: string,
      task: (open: PresentationFolder | undefined) => Promise<T>,
    ): Promise<T> => {
      const owner = this.publishers.find(({ recording }) => recording.folder === folder);
      return owner === undefined ? task(undefined) : owner.recording.editFolder(folder, task);
    };
    return {
      forget: ({ stream, folder, dayUs, numbers }) =>
        edit(folder, async (open) => {
          if (open !== undefined) return open.forget(numbers);
          const { root, nowUs, index, onFact } = this;
          const isKnown = (path: string) => index.has(path);
          return new AbandonedFolder(folder, dayUs, {
            ...{ root, stream, nowUs, isKnown, onFact },
          }).forget(numbers);
        }),
      removeFolder: ({ folder }) =>
        edit(folder, async (open) => {
          if (open === undefined) await removeDayFolder(this.root, folder);
          return open === undefined;
        }),
    };
  }

  /** Object paths of all listed segments, sorted. */
  rows(): string[] {
    return this.index
      .segments({ limit: 1e6 })
      .map(({ path }) => path)
      .sort();
  }

  /** Object paths of all files below the root but the recorder's own and part files, sorted. */
  files(): string[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(this.root, path.join(entry.parentPath, entry.name)))
      .map((file) => file.split(path.sep).join('/'))
      .filter((file) => !file.startsWith('.index/') && !file.endsWith('.part'))
      .sort();
  }

  /** Object paths of the segment files, sorted. */
  segmentFiles(): string[] {
    return this.files().filter((file) => /seg_\d+\.\w+$/.test(file));
  }

  /** Object paths of the segments that the manifest of a folder names, sorted. */
  named(folder: string): string[] {
    const { periods } = readMpd(readFileSync(path.join(this.root, folder, MANIFEST_NAME), 'utf8'));
    return periods
      .flatMap(({ video, audio }) => [video, audio])
      .flatMap((track) =>
        track === undefined
          ? []
          : Array.from({ length: track.timeline.count }, (_, at) =>
              objectPath(folder, segmentName(track.kind, track.startNumber + at, track.container)),
            ),
      )
      .sort();
  }
}
