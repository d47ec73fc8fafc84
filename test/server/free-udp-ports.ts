import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Below the ports that systems choose by themselves, and elsewhere in each process. */
let next = 20_000 + (process.pid % 1000) * 12;

/** Finds UDP ports that are free one after the other on all IPv4 addresses. @returns the first */
export async function freeUdpPorts(count = 1): Promise<number> {
  for (;;) {
    const first = next;
    next += count;
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind({ port, exclusive: true });
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}
