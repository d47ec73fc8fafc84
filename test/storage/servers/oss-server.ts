import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { XMLParser } from 'fast-xml-parser';
import type { Test } from 'tap';
import {
  OssRefusal,
  type SignatureRules,
  type SignedCall,
  verifySignature,
} from './oss-signature.ts';

/** What the server is told. */
export interface OssServerOptions extends Partial<SignatureRules> {
  keys: SignatureRules['keys'];
  buckets: string[];
}

/** One object as it is held. */
interface Held {
  body: Buffer;
  etag: string;
  type: string;
  modified: Date;
}

/** Body of DeleteMultipleObjects. */
interface DeleteRequest {
  Quiet?: string;
  Object?: { Key: string }[];
}

const REQUEST_PARSER = new XMLParser({
  parseTagValue: false,
  htmlEntities: true,
  trimValues: false,
  isArray: (name) => name === 'Object',
});

/** A stand-in for OSS on loopback, with objects in memory. */
export interface OssServer {
  port: number;
  /** Version of the signature and `METHOD host path` of each call that was let in. */
  calls: { version: 1 | 4; host: string; path: string }[];
  objects: Map<string, Held>;
  /** Replaces objects although `x-oss-forbid-overwrite` is set. */
  overwritesAlways: boolean;
}

/**
 * Starts an HTTP server that answers as OSS documents it, as far as stores ask; it ends with the
 * test. A bucket stands in front of the host name, or first in the path for the host `localhost`.
 */
export async function startOssServer(t: Test, options: OssServerOptions): Promise<OssServer> {
  const service = new OssService(options);
  const server = createServer((message, answer) => void service.handle(message, answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  service.port = (server.address() as AddressInfo).port;
  return service;
}

class OssService implements OssServer {
  port = 0;
  overwritesAlways = false;
  readonly calls: OssServer['calls'] = [];
  readonly objects = new Map<string, Held>();
  readonly #rules: SignatureRules;
  readonly #buckets: Set<string>;
  /** Sorted keys of all objects, made anew after a change. */
  #sorted: string[] | undefined;

  constructor({ keys, buckets, region = 'cn-hangzhou', now = Date.now }: OssServerOptions) {
    this.#rules = { keys, region, now };
    this.#buckets = new Set(buckets);
  }

  async handle(message: IncomingMessage, answer: ServerResponse): Promise<void> {
    answer.setHeader('x-oss-request-id', randomUUID());
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of message) chunks.push(chunk);
      this.#answer(takeApart(message), Buffer.concat(chunks), answer);
    } catch (error) {
      if (error instanceof OssRefusal) refuse(message, answer, error);
      else answer.destroy();
    }
  }

  #answer(call: SignedCall, body: Buffer, answer: ServerResponse): void {
    const version = verifySignature(call, this.#rules);
    const { method, headers, url = '' } = call.message;
    this.calls.push({ version, host: headers.host ?? '', path: url });
    if (!this.#buckets.has(call.bucket)) {
      throw new OssRefusal(404, 'NoSuchBucket', 'The specified bucket does not exist.');
    }
    const place = `${call.bucket}/${call.key}`;
    if (call.key === '' && method === 'GET') this.#list(call, answer);
    else if (call.key === '' && method === 'POST' && call.query.has('delete')) {
      this.#deleteMany(call, body, answer);
    } else if (method === 'PUT') this.#put(place, call, body, answer);
    else if (method === 'GET' || method === 'HEAD') this.#read(place, call, answer);
    else if (method === 'DELETE') {
      this.objects.delete(place);
      this.#sorted = undefined;
      answer.writeHead(204).end();
    } else throw new OssRefusal(405, 'MethodNotAllowed');
  }

  /** DeleteMultipleObjects, of 1,000 at most; what is absent counts as deleted. */
  #deleteMany({ bucket, message }: SignedCall, body: Buffer, answer: ServerResponse): void {
    if (message.headers['content-md5'] === undefined) {
      throw new OssRefusal(400, 'MissingArgument', 'Missing Some Required Arguments.');
    }
    checkDigest(message, body);
    const { Delete: wanted } = REQUEST_PARSER.parse(body) as { Delete: DeleteRequest };
    const { Object: objects = [], Quiet: quiet } = wanted;
    if (objects.length > 1000) throw new OssRefusal(400, 'MalformedXML');
    for (const { Key: key } of objects) this.objects.delete(`${bucket}/${key}`);
    this.#sorted = undefined;
    const told = quiet === 'true' ? [] : objects;
    const deleted = told.map(({ Key: key }) => `<Deleted><Key>${xml(key)}</Key></Deleted>`);
    answer.writeHead(200, { 'content-type': 'application/xml' });
    answer.end(
      `<?xml version="1.0" encoding="UTF-8"?><DeleteResult>${deleted.join('')}</DeleteResult>`,
    );
  }

  #put(place: string, call: SignedCall, body: Buffer, answer: ServerResponse): void {
    const { headers } = call.message;
    const md5 = checkDigest(call.message, body);
    const mayForbid = !this.overwritesAlways;
    if (mayForbid && headers['x-oss-forbid-overwrite'] === 'true' && this.objects.has(place)) {
      throw new OssRefusal(409, 'FileAlreadyExists', 'The object you specified already exists.');
    }
    const etag = `"${md5.toString('hex').toUpperCase()}"`;
    const type = headers['content-type'] ?? 'application/octet-stream';
    this.objects.set(place, { body, etag, type, modified: new Date() });
    this.#sorted = undefined;
    answer.writeHead(200, { etag, 'content-md5': md5.toString('base64') }).end();
  }

  #read(place: string, call: SignedCall, answer: ServerResponse): void {
    const held = this.objects.get(place);
    if (!held) throw new OssRefusal(404, 'NoSuchKey', 'The specified key does not exist.');
    const size = held.body.length;
    answer.setHeader('content-type', held.type);
    answer.setHeader('etag', held.etag);
    answer.setHeader('last-modified', held.modified.toUTCString());
    const [, first, last] = call.message.headers.range?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
    const start = Number(first);
    if (first === undefined || start >= size) {
      const strict = call.message.headers['x-oss-range-behavior'] === 'standard';
      if (first !== undefined && strict) throw new OssRefusal(416, 'InvalidRange');
      answer.writeHead(200, { 'content-length': size });
      answer.end(call.message.method === 'HEAD' ? undefined : held.body);
      return;
    }
    const end = last === '' ? size : Math.min(Number(last) + 1, size);
    const range = `bytes ${start}-${end - 1}/${size}`;
    answer.writeHead(206, { 'content-range': range, 'content-length': end - start });
    answer.end(held.body.subarray(start, end));
  }

  #list({ bucket, query }: SignedCall, answer: ServerResponse): void {
    const limit = Math.min(Number(query.get('max-keys') ?? 100), 1000);
    const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString();
    const prefix = `${bucket}/${query.get('prefix') ?? ''}`;
    this.#sorted ??= [...this.objects.keys()].sort();
    const matching = this.#sorted.filter((place) => place.startsWith(prefix) && place > after);
    const page = matching.slice(0, limit);
    const more = matching.length > page.length;
    const contents = page.map((place) => {
      const { body, etag, modified } = this.objects.get(place) as Held;
      const key = xml(place.slice(bucket.length + 1));
      return (
        `<Contents><Key>${key}</Key><LastModified>${modified.toISOString()}</LastModified>` +
        `<ETag>${xml(etag)}</ETag><Type>Normal</Type><Size>${body.length}</Size></Contents>`
      );
    });
    const token = Buffer.from(page.at(-1) ?? '').toString('base64');
    const next = more ? `<NextContinuationToken>${token}</NextContinuationToken>` : '';
    answer.writeHead(200, { 'content-type': 'application/xml' });
    answer.end(
      `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>${bucket}</Name>` +
        `<IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
    );
  }
}

/** @returns the MD5 of the body */
function checkDigest({ headers }: IncomingMessage, body: Buffer): Buffer {
  const md5 = createHash('md5').update(body).digest();
  const sent = headers['content-md5'];
  if (sent !== undefined && sent !== md5.toString('base64')) {
    throw new OssRefusal(400, 'InvalidDigest', 'The Content-MD5 you specified is not valid.');
  }
  return md5;
}

function takeApart(message: IncomingMessage): SignedCall {
  const [path = '', query = ''] = (message.url ?? '').split(/\?(.*)/s);
  const parts = path.slice(1).split('/').map(decodeURIComponent);
  const host = (message.headers.host ?? '').replace(/:\d+$/, '');
  const bucket = host === 'localhost' ? (parts.shift() ?? '') : (host.split('.')[0] ?? '');
  return { message, bucket, key: parts.join('/'), query: new URLSearchParams(query) };
}

function refuse(message: IncomingMessage, answer: ServerResponse, refusal: OssRefusal): void {
  const body =
    '<?xml version="1.0" encoding="UTF-8"?><Error>' +
    `<Code>${refusal.code}</Code><Message>${xml(refusal.message)}</Message></Error>`;
  answer.writeHead(refusal.status, {
    'content-type': 'application/xml',
    // The service tells so what the answer to a HEAD has no body for.
    ...(message.method === 'HEAD' ? { 'x-oss-err': Buffer.from(body).toString('base64') } : {}),
  });
  answer.end(message.method === 'HEAD' ? undefined : body);
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
