import { createServer } from 'node:net';

/**
 * Ports below those that the kernel gives to whoever connects. A program that is awaited at one of those is
 * connected to again and again before it listens, and now and then such a connection gets the very port, which
 * then is taken.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** A TCP port of loopback that nobody listens to at this moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
