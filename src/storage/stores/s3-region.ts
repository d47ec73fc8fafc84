import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Agents, ConnectionLimits } from './connections.ts';

/** Where AWS tells the region of any bucket. */
const AWS_ENDPOINT = new URL('https://s3.amazonaws.com');
/** What SDKs and most other servers assume. */
const DEFAULT_REGION = 'us-east-1';

/** Whose region is asked for, and how its server is reached. */
export interface BucketPlace {
  bucket: string;
  endpoint: URL | undefined;
  virtualHost: boolean;
}

/**
 * The region of a bucket as its server names it: an unsigned HEAD, whose answer carries
 * `x-amz-bucket-region` also when it refuses (301, 403). Servers that do not say have one region
 * only.
 * @returns `us-east-1` where the server does not say
 * @throws the network's error, or an Error with `status` for a server that cannot answer now (5xx)
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
    const asked = (secure ? httpsRequest : httpRequest)(url, options, (answer) => {
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
