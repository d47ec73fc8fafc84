import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** Keys as an instance's role has them. */
export interface RoleKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** A stand-in for the metadata service of EC2 (IMDSv2) on loopback. */
export interface MetadataServer {
  endpoint: string;
  /** `METHOD path` of each call. */
  calls: string[];
}

/** Starts the service, which hands out the keys of one role; it ends with the test. */
export async function startMetadataServer(t: Test, keys: RoleKeys): Promise<MetadataServer> {
  const calls: string[] = [];
  const roles = '/latest/meta-data/iam/security-credentials/';
  const role = {
    Code: 'Success',
    Type: 'AWS-HMAC',
    AccessKeyId: keys.accessKeyId,
    SecretAccessKey: keys.secretAccessKey,
    Token: keys.sessionToken,
    LastUpdated: new Date().toISOString(),
    Expiration: new Date(Date.now() + 3_600_000).toISOString(),
  };
  const server = createServer((call, answer) => {
    calls.push(`${call.method} ${call.url}`);
    if (call.method === 'PUT' && call.url === '/latest/api/token') {
      answer.setHeader('x-aws-ec2-metadata-token-ttl-seconds', '21600');
      answer.end('metadata-session');
    } else if (call.headers['x-aws-ec2-metadata-token'] !== 'metadata-session') {
      answer.writeHead(401).end();
    } else if (call.url === roles) answer.end('recorder-role');
    else if (call.url === `${roles}recorder-role`) answer.end(JSON.stringify(role));
    else answer.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}
