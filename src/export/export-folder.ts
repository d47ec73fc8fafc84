import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { absent } from '../files/absent.ts';
import { makeFolder, replaceFile, syncFolder } from '../files/durable-file.ts';
import { isUnfinished, PART_SUFFIX } from '../layout/file-names.ts';
import type { ExportFile } from './export-file.ts';
import { type ExportJob, parseJob } from './export-job.ts';

/** Bytes after which what was written is synced: else a recording would wait for all of it. */
const SYNC_BYTES = 64 << 20;
const JOB_SUFFIX = '.json';

/** Jobs on the disk: of each a small file that says what it is, and the file that it made. */
export class ExportFolder {
  readonly #folder: string;

  /** @param folder absolute path; it is created with the first job */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Reads the jobs that there are, and removes what is unfinished.
   * @returns also the names of files that are damaged
   * @throws the file system's error
   */
  async load(): Promise<{ jobs: ExportJob[]; damaged: string[] }> {
    const jobs: ExportJob[] = [];
    const damaged: string[] = [];
    for (const name of await this.#names()) {
      if (isUnfinished(name)) await rm(join(this.#folder, name), { force: true });
      if (!name.endsWith(JOB_SUFFIX)) continue;
      const job = parseJob(await readFile(join(this.#folder, name), 'utf8'));
      if (job === undefined) damaged.push(name);
      else jobs.push(job);
    }
    return { jobs, damaged };
  }

  /** Makes the state of a job durable. @throws the file system's error */
  async save(job: ExportJob): Promise<void> {
    await makeFolder(this.#folder);
    await replaceFile(join(this.#folder, job.id + JOB_SUFFIX), JSON.stringify(job));
  }

  /** Path of the file that a job makes. */
  pathOf({ id, container }: Pick<ExportJob, 'id' | 'container'>): string {
    return join(this.#folder, `${id}.${container}`);
  }

  /**
   * Writes the file of a job. It has its name only when all of it is durable; what is written of it is
   * removed where that fails.
   * @param progress called with the bytes that were written so far; what it throws ends it
   * @param synced called now and then, when all that was written is on the disk; what it throws ends it
   * @throws the errors of {@link ExportFile.chunks}; the file system's error; the signal's reason
   */
  async write(
    job: ExportJob,
    file: ExportFile,
    signal: AbortSignal,
    { progress, synced }: { progress(bytes: number): void; synced(): Promise<void> },
  ): Promise<void> {
    const path = this.pathOf(job);
    const part = path + PART_SUFFIX;
    try {
      const handle = await open(part, 'w');
      try {
        let written = 0;
        let unsynced = 0;
        for await (const data of file.chunks()) {
          signal.throwIfAborted();
          await handle.writeFile(data);
          written += data.length;
          unsynced += data.length;
          progress(written);
          if (unsynced < SYNC_BYTES) continue;
          unsynced = 0;
          await handle.datasync();
          await synced();
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await syncFolder(this.#folder);
  }

  /** Removes a job and its file. @throws the file system's error */
  async remove(job: ExportJob): Promise<void> {
    const path = this.pathOf(job);
    for (const each of [path + PART_SUFFIX, path, join(this.#folder, job.id + JOB_SUFFIX)]) {
      await rm(each, { force: true });
    }
  }

  /**
   * Removes files that are of none of the jobs and older than a time: of a damaged job, or one whose removal
   * failed.
   * @param beforeMs ms since the Unix epoch
   * @throws the file system's error
   */
  async removeStray(isKnown: (id: string) => boolean, beforeMs: number): Promise<void> {
    for (const name of await this.#names()) {
      if (isKnown(name.split('.', 1)[0]!)) continue;
      const path = join(this.#folder, name);
      const found = await stat(path).catch(absent);
      if (found !== undefined && found.mtimeMs < beforeMs) await rm(path, { force: true });
    }
  }

  async #names(): Promise<string[]> {
    return (await readdir(this.#folder).catch(absent)) ?? [];
  }
}
