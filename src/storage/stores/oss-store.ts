import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import OSS from 'ali-oss';
import type { OssStorage } from '../storage-options.ts';
import { type Agents, type ConnectionLimits, DEFAULT_LIMITS, makeAgents } from './connections.ts';
import { objectBody, sizeOfContentRange } from './object-body.ts';
import { KeySpace } from './object-key.ts';
import { type FailureContext, storeError } from './provider-error.ts';
import { compareSize, isAbsent } from './size-check.ts';
import {
  type ByteRange,
  type ObjectReading,
  type PutOptions,
  type Store,
  type StoredObject,
  StoreError,
} from './store.ts';

const SETTINGS = { keys: 'access_key_id and access_key_secret', token: 'security_token' };
const PAGE = 1000;

/** Options in addition to the configuration. */
export interface OssStoreOptions {
  limits?: Partial<ConnectionLimits>;
  /**
   * Signature version; V1 is refused for accounts created since 2025, and older servers support
   * only V1.
   */
  signature?: 'v1' | 'v4';
}

/**
 * Opens a bucket of Alibaba Cloud OSS. Sends no request, so that a recorder can start while its
 * storage is unavailable. Credentials that are not configured are taken from the environment
 * (`ALIBABA_CLOUD_ACCESS_KEY_ID`, `…_SECRET`, `ALIBABA_CLOUD_SECURITY_TOKEN`).
 * @throws StoreError `misconfigured` for settings that are missing or contradict each other
 */
export function openOssStore(config: OssStorage, options: OssStoreOptions = {}): Store {
  return new OssStore(config, options);
}

/** Headers of a response, in lower case. */
type Headers = Record<string, string | undefined>;

class OssStore implements Store {
  readonly name: string;
  readonly #keys: KeySpace;
  readonly #limits: ConnectionLimits;
  readonly #agents: Agents;
  readonly #client: OSS;
  readonly #secrets: string[];
  readonly #v4: boolean;
  readonly #byAddress: boolean;

  constructor(config: OssStorage, options: OssStoreOptions) {
    this.#keys = new KeySpace(config.root);
    this.name = `oss://${config.bucket}${this.#keys.root === '' ? '' : `/${this.#keys.root}`}`;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#agents = makeAgents(this.#limits);
    this.#v4 = options.signature !== 'v1';
    const keys = this.#keysOf(config);
    this.#secrets = [keys.accessKeyId, keys.accessKeySecret, keys.stsToken ?? ''];
    const endpoint = this.#endpointOf(config);
    const region = this.#regionOf(config, endpoint);
    this.#byAddress = endpoint !== undefined && isIP(endpoint.hostname) !== 0;
    const settings: OSS.Options & Record<string, unknown> = {
      ...keys,
      bucket: config.bucket,
      region,
      secure: endpoint ? endpoint.protocol === 'https:' : true,
      ...(endpoint ? { endpoint: endpoint.origin } : {}),
      // If the endpoint is the host name of the bucket, the bucket is not prepended again.
      cname: endpoint?.hostname.startsWith(`${config.bucket}.`) ?? false,
      sldEnable: endpoint?.hostname === 'localhost',
      authorizationV4: this.#v4,
      retryMax: 0,
      agent: this.#agents.http,
      httpsAgent: this.#agents.https,
      // Only prevents the client from printing advice about tokens.
      refreshSTSTokenInterval: 2 ** 31 - 1,
    };
    try {
      this.#client = new OSS(settings);
    } catch (error) {
      throw storeError(error, this.#context('open'));
    }
  }

  async put(key: string, data: Buffer, options: PutOptions): Promise<void> {
    const md5 = createHash('md5').update(data).digest();
    const sent = md5.toString('base64');
    const name = this.#keys.full(key);
    const { res } = await this.#try(`put ${key}`, () =>
      this.#client.put(name, data, {
        ...this.#patience(),
        mime: options.contentType,
        headers: {
          'Content-MD5': sent,
          ...(options.ifAbsent ? { 'x-oss-forbid-overwrite': 'true' } : {}),
        },
      }),
    );
    const stored = storedMd5(res.headers as Headers);
    if (stored === undefined) await compareSize(this, key, data.length);
    else if (!stored.equals(md5)) {
      throw new StoreError(`${this.name}: put ${key}: the server stored different bytes`, {
        kind: 'integrity',
        code: 'ChecksumMismatch',
      });
    }
  }

  async get(key: string, range?: ByteRange): Promise<ObjectReading | undefined> {
    const action = `get ${key}`;
    const name = this.#keys.full(key);
    // Without the second header, a range beyond the end returns the whole object.
    const headers = range
      ? { Range: `bytes=${range.start}-${range.end ?? ''}`, 'x-oss-range-behavior': 'standard' }
      : {};
    const options = { ...this.#patience(), headers };
    const answer = await this.#unlessAbsent(action, async () => {
      try {
        return await this.#client.getStream(name, options);
      } catch (error) {
        if (((error as { status?: number }).status ?? 0) <= 0) throw error;
        // The client does not parse the error of a streamed request, so the request is repeated
        // without a stream.
        await this.#client.get(name, { ...options, headers: { Range: 'bytes=0-0', ...headers } });
        throw error;
      }
    });
    if (!answer) return undefined;
    const answered = answer.res.headers as Headers;
    const contentLength = Number(answered['content-length']);
    const size = sizeOfContentRange(answered['content-range']) ?? contentLength;
    const source = answer.stream as Readable;
    const body = objectBody(source, contentLength, this.#limits.idleMs, (error) =>
      storeError(error, this.#context(action)),
    );
    return { body, size, contentLength, ...(answered.etag ? { etag: answered.etag } : {}) };
  }

  async head(key: string): Promise<StoredObject | undefined> {
    const name = this.#keys.full(key);
    const answer = await this.#unlessAbsent(`head ${key}`, () =>
      this.#client.head(name, this.#patience()),
    );
    if (!answer) return undefined;
    const headers = answer.res.headers as Headers;
    return found(key, Number(headers['content-length']), headers.etag, headers['last-modified']);
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const full = this.#keys.fullPrefix(prefix);
    let token: string | undefined;
    do {
      const query = {
        'max-keys': String(PAGE),
        // An empty value breaks the signature.
        ...(full === '' ? {} : { prefix: full }),
        ...(token === undefined ? {} : { 'continuation-token': token }),
      };
      const page = await this.#try(`list ${prefix}`, () =>
        this.#client.listV2(query, this.#patience()),
      );
      for (const object of page.objects ?? []) {
        const key = this.#keys.relative(object.name);
        yield found(key, Number(object.size), object.etag, object.lastModified);
      }
      const more = page as unknown as { isTruncated: boolean; nextContinuationToken?: string };
      token = more.isTruncated ? more.nextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async delete(key: string): Promise<void> {
    const name = this.#keys.full(key);
    await this.#unlessAbsent(`delete ${key}`, () => this.#client.delete(name, this.#patience()));
  }

  async deleteAll(keys: readonly string[]): Promise<Error | undefined> {
    for (let at = 0; at < keys.length; at += PAGE) {
      const names = keys.slice(at, at + PAGE).map((key) => this.#keys.full(key));
      try {
        // Only those that could not be deleted are in the reply.
        await this.#try(`delete ${names.length} objects`, () =>
          this.#client.deleteMulti(names, { ...this.#patience(), quiet: true }),
        );
      } catch (error) {
        return error as StoreError;
      }
    }
    return undefined;
  }

  async signedUrl(key: string, expiresSeconds: number): Promise<string> {
    const name = this.#keys.full(key);
    if (this.#byAddress) {
      throw this.#wrong(
        'InvalidEndpoint',
        'addresses need a host name in endpoint, not an IP address',
      );
    }
    return this.#try(`sign ${key}`, () =>
      this.#v4
        ? this.#client.signatureUrlV4('GET', expiresSeconds, undefined, name)
        : this.#client.asyncSignatureUrl(name, { expires: expiresSeconds }),
    );
  }

  async close(): Promise<void> {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** Timeouts of a request: for the connection, and for the whole response. */
  #patience(): { timeout: number } {
    const { connectMs, requestMs } = this.#limits;
    // The type only permits a single number for both.
    return { timeout: [connectMs, requestMs] as unknown as number };
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
      return await work();
    } catch (error) {
      throw storeError(error, this.#context(action));
    }
  }

  #context(action: string): FailureContext {
    return { store: this.name, action, settings: SETTINGS, secrets: this.#secrets };
  }

  #keysOf(config: OssStorage): { accessKeyId: string; accessKeySecret: string; stsToken?: string } {
    const { ALIBABA_CLOUD_ACCESS_KEY_ID: id, ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret } =
      process.env;
    const configured =
      config.accessKeyId !== undefined ||
      config.accessKeySecret !== undefined ||
      config.securityToken !== undefined;
    const accessKeyId = configured ? config.accessKeyId : id;
    const accessKeySecret = configured ? config.accessKeySecret : secret;
    const token = configured ? config.securityToken : process.env.ALIBABA_CLOUD_SECURITY_TOKEN;
    if (!accessKeyId || !accessKeySecret) {
      throw this.#wrong('IncompleteKeys', `give both ${SETTINGS.keys}`);
    }
    return { accessKeyId, accessKeySecret, ...(token ? { stsToken: token } : {}) };
  }

  #endpointOf(config: OssStorage): URL | undefined {
    const text = config.endpoint;
    if (text === undefined) return undefined;
    const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
    const plain = url !== null && url.username + url.password === '' && url.pathname === '/';
    if (!plain || url.hostname.startsWith('[')) {
      throw this.#wrong(
        'InvalidEndpoint',
        'write endpoint as https://oss-cn-hangzhou.aliyuncs.com: a host name or IPv4 address without a path',
      );
    }
    return url;
  }

  /** With the prefix `oss-`, as the client requires; the endpoint's host name contains it too. */
  #regionOf(config: OssStorage, endpoint: URL | undefined): string {
    const named = endpoint?.hostname.match(
      /(?:^|\.)(oss-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$/,
    );
    const region = config.region ?? named?.[1];
    if (region !== undefined) return region.startsWith('oss-') ? region : `oss-${region}`;
    throw this.#wrong('MissingRegion', 'set region, e.g. "oss-cn-hangzhou": signatures name it');
  }

  #wrong(code: string, mend: string): StoreError {
    return new StoreError(`${this.name}: ${mend}`, { kind: 'misconfigured', code, mend });
  }
}

/** MD5 of the stored bytes, if the response contains it. */
function storedMd5(headers: Headers): Buffer | undefined {
  const said = headers['content-md5'];
  if (said !== undefined) return Buffer.from(said, 'base64');
  // The entity tag is the MD5 of the bytes, except of those encrypted with a KMS key.
  if (headers['x-oss-server-side-encryption'] !== undefined) return undefined;
  const hex = headers.etag?.match(/^"?([0-9a-f]{32})"?$/i)?.[1];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
}

function found(
  key: string,
  size: number,
  etag: string | undefined,
  modified: string | undefined,
): StoredObject {
  return {
    key,
    size,
    ...(etag === undefined ? {} : { etag }),
    ...(modified === undefined ? {} : { modifiedMs: Date.parse(modified) }),
  };
}
