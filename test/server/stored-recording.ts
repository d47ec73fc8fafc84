import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'smol-toml';
import type { Test } from 'tap';
import { openOssStore } from '../../src/storage/stores/oss-store.ts';
import { openS3Store } from '../../src/storage/stores/s3-store.ts';
import type { Store } from '../../src/storage/stores/store.ts';
import { type FaultProxy, startFaultProxy } from '../storage/servers/fault-proxy.ts';
import { startOssServer } from '../storage/servers/oss-server.ts';
import { ROOT_KEYS, startVersitygw } from '../storage/servers/versitygw.ts';
import { inTestFolder } from '../test-folder.ts';
import { FOLDER } from '../verification/damaged-recording.ts';
import { OSS_KEYS, ossStorage, s3Storage } from './bucket-storage.ts';

/** A kind of bucket. */
export type Provider = 's3' | 'oss';

/** A bucket of a server with a recording, and a spool before it. */
export interface StoredRecording {
  store: Store;
  proxy: FaultProxy;
  /** Folder of the spool: has the whole recording, until a test takes from it. */
  spool: string;
  /** `[recorder.storage]`, but for the spool. */
  storage: ReturnType<typeof s3Storage | typeof ossStorage>;
  /** Path of a live777.toml for both. */
  config: string;
  /** Puts files of the recording into the bucket, all where none are named. */
  upload(names?: string[]): Promise<void>;
  /** Takes files of the recording off the disk, all where none are named. */
  leave(names?: string[]): Promise<void>;
}

/**
 * Copies a recording into a spool and starts a server; nothing is in the bucket yet.
 * @param root storage root of the recording
 * @returns undefined where the server is not on this machine
 */
export async function storedRecording(
  t: Test,
  root: string,
  provider: Provider = 's3',
): Promise<StoredRecording | undefined> {
  const bucket = provider === 's3' ? await s3Bucket(t) : await ossBucket(t);
  if (bucket === undefined) return undefined;
  const { store, proxy, storage } = bucket;
  t.teardown(() => store.close());
  const spool = inTestFolder(t, 'spool');
  await cp(root, spool, { recursive: true });
  const config = inTestFolder(t, 'live777.toml');
  const recorder = { index_retention_days: 0, storage: { ...storage, spool_dir: spool } };
  await writeFile(config, stringify({ recorder }));
  const here = path.join(spool, FOLDER);
  const all = await readdir(here);
  return {
    store,
    proxy,
    spool,
    storage,
    config,
    async upload(names = all) {
      for (const name of names) {
        const data = await readFile(path.join(root, FOLDER, name));
        const contentType = name.endsWith('.mpd') ? 'application/dash+xml' : 'video/mp4';
        await store.put(`${FOLDER}/${name}`, data, { contentType });
      }
    },
    async leave(names = all) {
      for (const name of names) await rm(path.join(here, name));
    },
  };
}

type Bucket = Pick<StoredRecording, 'store' | 'proxy' | 'storage'>;

async function s3Bucket(t: Test): Promise<Bucket | undefined> {
  const server = await startVersitygw(t, { buckets: ['recordings'] });
  if (server === undefined) return undefined;
  const proxy = await startFaultProxy(t, server.port);
  const storage = s3Storage(proxy.endpoint);
  const store = openS3Store({
    type: 's3',
    bucket: storage.bucket,
    root: 'node 1',
    region: storage.region,
    endpoint: server.endpoint,
    ...ROOT_KEYS,
    disableConfigLoad: true,
    enableVirtualHostStyle: false,
  });
  return { store, proxy, storage };
}

async function ossBucket(t: Test): Promise<Bucket> {
  const server = await startOssServer(t, { keys: OSS_KEYS, buckets: ['recordings'] });
  const proxy = await startFaultProxy(t, server.port);
  const storage = ossStorage(proxy.port);
  const store = openOssStore({
    type: 'oss',
    bucket: storage.bucket,
    root: 'node 1',
    region: storage.region,
    endpoint: `http://localhost:${server.port}`,
    accessKeyId: storage.access_key_id,
    accessKeySecret: storage.access_key_secret,
  });
  return { store, proxy, storage };
}
