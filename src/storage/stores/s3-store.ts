import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type PutObjectCommandOutput,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { S3Storage } from '../storage-options.ts';
import { type Agents, type ConnectionLimits, DEFAULT_LIMITS, makeAgents } from './connections.ts';
import { objectBody, sizeOfContentRange } from './object-body.ts';
import { KeySpace } from './object-key.ts';
import { type FailureContext, storeError } from './provider-error.ts';
import { BatchDelete } from './s3-batch-delete.ts';
import { askRegion } from './s3-region.ts';
import { compareSize, isAbsent } from './size-check.ts';
import {
  type ByteRange,
  type ObjectReading,
  type PutOptions,
  type Store,
  type StoredObject,
  StoreError,
} from './store.ts';

const SETTINGS = { keys: 'access_key_id and secret_access_key', token: 'session_token' };

/** Options in addition to the configuration. */
export interface S3StoreOptions {
  limits?: Partial<ConnectionLimits>;
  /**
   * Checksum sent with each upload. By default CRC-32, which costs half as much as MD5, until the
   * server proves not to support it; then MD5, which every server supports.
   */
  checksum?: 'crc32' | 'md5';
}

/**
 * Opens a bucket of an S3 service. Sends no request: a region that is not configured is looked up
 * by the first operation, so that a recorder can start while its storage is unavailable.
 * @throws StoreError `misconfigured` for settings that contradict each other
 */
export function openS3Store(config: S3Storage, options: S3StoreOptions = {}): Store {
  return new S3Store(config, options);
}

class S3Store implements Store {
  readonly name: string;
  readonly signedUrl?: (key: string, expiresSeconds: number) => Promise<string>;
  readonly #keys: KeySpace;
  readonly #bucket: string;
  readonly #limits: ConnectionLimits;
  readonly #agents: Agents;
  readonly #client: S3Client;
  #checksum: 'crc32' | 'md5';
  readonly #batchDelete: BatchDelete;
  /** Whether the server is known to support the checksum. */
  #isChecksumKnown: boolean;
  readonly #secrets: string[];
  /**
   * Whether the server ever accepted our keys; if so, credentials that cannot be loaded are
   * unavailable, not missing.
   */
  #hadCredentials = false;

  constructor(config: S3Storage, options: S3StoreOptions) {
    this.#keys = new KeySpace(config.root);
    this.#bucket = config.bucket;
    this.name = `s3://${config.bucket}${this.#keys.root === '' ? '' : `/${this.#keys.root}`}`;
    this.#secrets = [config.accessKeyId, config.secretAccessKey, config.sessionToken].filter(
      (secret) => secret !== undefined,
    );
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#agents = makeAgents(this.#limits);
    const credentials = this.#credentialsOf(config);
    const endpoint = this.#endpointOf(config);
    this.#checksum = options.checksum ?? 'crc32';
    this.#isChecksumKnown = options.checksum !== undefined;
    this.#client = new S3Client({
      ...clientBasics(this.#limits, this.#agents),
      ...credentials,
      ...this.#place(config, endpoint),
      forcePathStyle: !config.enableVirtualHostStyle,
    });
    this.#batchDelete = new BatchDelete({
      ...{ store: this, client: this.#client, bucket: this.#bucket, keys: this.#keys },
      try: (action, work) => this.#try(action, work),
    });
    const anonymous = 'signer' in credentials;
    if (!anonymous) this.signedUrl = (key, seconds) => this.#sign(key, seconds);
  }

  async put(key: string, data: Buffer, options: PutOptions): Promise<void> {
    const kind = this.#checksum;
    try {
      await this.#putWith(kind, key, data, options);
      this.#isChecksumKnown = true;
    } catch (error) {
      const isUnknown = error instanceof StoreError && error.kind === 'misconfigured';
      if (!isUnknown || this.#isChecksumKnown || kind === 'md5') throw error;
      await this.#putWith('md5', key, data, options);
      this.#useMd5();
    }
  }

  async #putWith(
    kind: 'crc32' | 'md5',
    key: string,
    data: Buffer,
    options: PutOptions,
  ): Promise<void> {
    const sent = checksumOf(data, kind);
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: this.#keys.full(key),
      Body: data,
      ContentLength: data.length,
      ContentType: options.contentType,
      ...(options.ifAbsent ? { IfNoneMatch: '*' } : {}),
      ...(kind === 'crc32' ? { ChecksumCRC32: sent } : { ContentMD5: sent }),
    });
    const answer = await this.#try(`put ${key}`, () => this.#client.send(command));
    const stored = checksumSaid(answer, kind);
    if (stored === undefined) {
      // A header that the server ignored has protected nothing.
      if (kind === 'crc32' && !this.#isChecksumKnown) this.#useMd5();
      await compareSize(this, key, data.length);
    } else if (stored !== sent) {
      throw new StoreError(`${this.name}: put ${key}: the server stored different bytes`, {
        kind: 'integrity',
        code: 'ChecksumMismatch',
      });
    }
  }

  #useMd5(): void {
    this.#checksum = 'md5';
    this.#isChecksumKnown = true;
  }

  async get(key: string, range?: ByteRange): Promise<ObjectReading | undefined> {
    const action = `get ${key}`;
    const command = new GetObjectCommand({
      Bucket: this.#bucket,
      Key: this.#keys.full(key),
      ...(range ? { Range: `bytes=${range.start}-${range.end ?? ''}` } : {}),
    });
    const answer = await this.#unlessAbsent(action, () => this.#client.send(command));
    if (!answer) return undefined;
    const contentLength = answer.ContentLength ?? 0;
    const size = sizeOfContentRange(answer.ContentRange) ?? contentLength;
    const source = answer.Body as Readable;
    const body = objectBody(source, contentLength, this.#limits.idleMs, (error) =>
      storeError(error, this.#context(action)),
    );
    return { body, size, contentLength, ...(answer.ETag ? { etag: answer.ETag } : {}) };
  }

  async head(key: string): Promise<StoredObject | undefined> {
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#keys.full(key) });
    const answer = await this.#unlessAbsent(`head ${key}`, () => this.#client.send(command));
    return answer && found(key, answer.ContentLength, answer.ETag, answer.LastModified);
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: this.#keys.fullPrefix(prefix),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page: ListObjectsV2CommandOutput = await this.#try(`list ${prefix}`, () =>
        this.#client.send(command),
      );
      for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
        if (Key !== undefined) yield found(this.#keys.relative(Key), Size, ETag, LastModified);
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async delete(key: string): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#keys.full(key) });
    await this.#unlessAbsent(`delete ${key}`, () => this.#client.send(command));
  }

  deleteAll(keys: readonly string[]): Promise<Error | undefined> {
    return this.#batchDelete.delete(keys);
  }

  async close(): Promise<void> {
    this.#client.destroy();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  async #sign(key: string, expiresIn: number): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: this.#keys.full(key) });
    return this.#try(`sign ${key}`, () => getSignedUrl(this.#client, command, { expiresIn }));
  }

  async #unlessAbsent<T>(action: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#try(action, work);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async #try<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.#hadCredentials = true;
      return result;
    } catch (error) {
      const failure = storeError(error, this.#context(action));
      if (failure.code !== 'CredentialsProviderError' || !this.#hadCredentials) throw failure;
      throw new StoreError(failure.message, { ...failure, kind: 'transient' });
    }
  }

  #context(action: string): FailureContext {
    return { store: this.name, action, settings: SETTINGS, secrets: this.#secrets };
  }

  #credentialsOf(config: S3Storage): Pick<S3ClientConfig, 'credentials' | 'signer'> {
    const { accessKeyId, secretAccessKey, sessionToken } = config;
    if (accessKeyId !== undefined && secretAccessKey !== undefined) {
      const token = sessionToken === undefined ? {} : { sessionToken };
      return { credentials: { accessKeyId, secretAccessKey, ...token } };
    }
    if (accessKeyId !== undefined || secretAccessKey !== undefined || sessionToken !== undefined) {
      throw this.#wrong('IncompleteKeys', `give both ${SETTINGS.keys}, or no key and no token`);
    }
    if (!config.disableConfigLoad) return {};
    // Without dummy keys, the client would still query the metadata service.
    return {
      credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' },
      signer: { sign: async (request) => request },
    };
  }

  #endpointOf(config: S3Storage): URL | undefined {
    const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = config.disableConfigLoad ? {} : process.env;
    const text = config.endpoint ?? (AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || undefined);
    if (text === undefined) return undefined;
    const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
    if (url === null || url.username + url.password !== '') {
      throw this.#wrong('InvalidEndpoint', 'write endpoint as https://host or http://host:port');
    }
    const { hostname } = url;
    if (config.enableVirtualHostStyle && isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) {
      throw this.#wrong(
        'InvalidEndpoint',
        'an IP address has no bucket in front: give endpoint a host name, or set enable_virtual_host_style = false',
      );
    }
    return url;
  }

  /** Region and endpoint; with `disable_config_load`, the client has nothing left to look up. */
  #place(config: S3Storage, endpoint: URL | undefined): S3ClientConfig {
    let asked: Promise<string> | undefined;
    const region = async (): Promise<string> => {
      if (config.region !== undefined) return config.region;
      asked ??= this.#findRegion(config, endpoint).catch((error: unknown) => {
        asked = undefined;
        throw storeError(error, this.#context('find the region'));
      });
      return asked;
    };
    const place: S3ClientConfig = endpoint ? { region, endpoint: endpoint.href } : { region };
    if (!config.disableConfigLoad) return place;
    return {
      ...place,
      ...(endpoint ? {} : { endpoint: async () => awsEndpoint(await region()) }),
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      useArnRegion: false,
      disableMultiregionAccessPoints: true,
      disableS3ExpressSessionAuth: true,
      defaultsMode: 'standard',
      userAgentAppId: '',
    };
  }

  async #findRegion(config: S3Storage, endpoint: URL | undefined): Promise<string> {
    if (!config.disableConfigLoad) {
      const set = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION;
      const known = set || (await regionOfProfile());
      if (known) return known;
    }
    const { bucket, enableVirtualHostStyle } = config;
    const place = { bucket, endpoint, virtualHost: enableVirtualHostStyle };
    return askRegion(place, this.#agents, this.#limits);
  }

  #wrong(code: string, mend: string): StoreError {
    return new StoreError(`${this.name}: ${mend}`, { kind: 'misconfigured', code, mend });
  }
}

function clientBasics(limits: ConnectionLimits, agents: Agents): S3ClientConfig {
  return {
    // The spool has its own backoff; the second attempt is for a stale connection.
    maxAttempts: 2,
    retryMode: 'standard',
    // The checksums are our own: the client would send them as chunk framing, which some servers
    // store.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Servers that ignore it would delay each upload by six seconds.
    expectContinueHeader: false,
    requestHandler: {
      httpAgent: agents.http,
      httpsAgent: agents.https,
      connectionTimeout: limits.connectMs,
      socketTimeout: limits.idleMs,
      requestTimeout: limits.requestMs,
      throwOnRequestTimeout: true,
      // Waiting for a connection is normal here and limited by requestTimeout.
      socketAcquisitionWarningTimeout: 2 ** 31 - 1,
    },
  };
}

function awsEndpoint(region: string): { protocol: string; hostname: string; path: string } {
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return { protocol: 'https:', hostname: `s3.${region}.${suffix}`, path: '/' };
}

/** The region of the active profile in the shared configuration files, if any. */
async function regionOfProfile(): Promise<string | undefined> {
  const client = new S3Client({});
  try {
    return await client.config.region();
  } catch {
    // The client has no other way to report that none is set.
    return undefined;
  } finally {
    client.destroy();
  }
}

/** Base64, as both headers require. */
function checksumOf(data: Buffer, kind: 'crc32' | 'md5'): string {
  if (kind === 'md5') return createHash('md5').update(data).digest('base64');
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(data));
  return value.toString('base64');
}

/** The checksum of the stored bytes, if the response contains it. */
function checksumSaid(answer: PutObjectCommandOutput, kind: 'crc32' | 'md5'): string | undefined {
  if (kind === 'crc32') return answer.ChecksumCRC32;
  // The entity tag is the MD5 of the bytes, except of encrypted ones, and not on every server.
  if (answer.ServerSideEncryption !== undefined) return undefined;
  const hex = answer.ETag?.match(/^"?([0-9a-f]{32})"?$/i)?.[1];
  return hex && Buffer.from(hex, 'hex').toString('base64');
}

function found(
  key: string,
  size: number | undefined,
  etag: string | undefined,
  modified: Date | undefined,
): StoredObject {
  return {
    key,
    size: size ?? 0,
    ...(etag === undefined ? {} : { etag }),
    ...(modified === undefined ? {} : { modifiedMs: modified.getTime() }),
  };
}
