import type { Agents, ConnectionLimits } from './connections.ts';

// An import would also load the client behind `fetch`, which is 16 MB.
const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

/** Endpoint of AWS that reports the region of any bucket. */
const AWS_ENDPOINT = new URL('https://s3.amazonaws.com');
/** Default of SDKs and of most other servers. */
const DEFAULT_REGION = 'us-east-1';

/** A bucket, and how to reach its server. */
export interface BucketPlace {
  bucket: string;
  endpoint: URL | undefined;
  virtualHost: boolean;
}

/**
 * Reads the region of a bucket from its server: an unsigned HEAD, whose response contains
 * `x-amz-bucket-region` even if it refuses (301, 403). Servers that do not report a region have
 * only one.
 * @returns `us-east-1` if the server does not report one
 * @throws the network's error, or an Error with `status` if the server is unavailable (5xx)
 */
export function askRegion(
  place: BucketPlace,
  agents: Agents,
  limits: ConnectionLimits,
): Promise<string> {
  const url = new URL(place.endpoint ?? AWS_ENDPOINT);
  if (place.virtualHost) url.hostname = `${place.bucket}.${url.hostname}`;
  else url.pathname = `${url.pathname.replace(/\/$/, '')}/${place.bucket}`;
  const secure = url.protocol === 'https:';
  const options = { method: 'HEAD', agent: secure ? agents.https : agents.http };
  return new Promise((resolve, reject) => {
    const asked = (secure ? https : http).request(url, options, (answer) => {
      answer.resume();
      const region = answer.headers['x-amz-bucket-region'];
      const status = answer.statusCode ?? 0;
      if (typeof region === 'string' && region !== '') resolve(region);
      else if (status >= 500) reject(Object.assign(new Error('no region'), { status }));
      else resolve(DEFAULT_REGION);
    });
    const patience = setTimeout(
      () => asked.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      limits.connectMs + limits.idleMs,
    );
    asked.once('error', reject).once('close', () => clearTimeout(patience));
    asked.end();
  });
}
