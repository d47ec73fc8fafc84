import { createSocket, type Socket } from 'node:dgram';

/**
 * Requested receive buffer of each socket, bytes: with the default, a stall of 800 ms loses 12 % of
 * the packets.
 */
export const RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024;

/**
 * A receive buffer below this, bytes as Linux counts it (twice what was asked for, and about 2.3 KB for a
 * packet of 1200 bytes), is full after a tenth of a second of five streams of 2.5 Mbit/s. Many systems
 * grant half of it.
 */
export const SMALL_BUFFER_BYTES = 1024 * 1024;

/** What a UDP socket is bound to. */
export interface UdpBinding {
  family: 4 | 6;
  /** All addresses of the family if absent. */
  address?: string | undefined;
  /** 0 for any. */
  port: number;
  /** Others that say so too may be bound to the same port (SO_REUSEPORT). */
  reusePort?: boolean;
}

/**
 * Binds a UDP socket, which shares its port with no other one by default.
 * @throws the system's error, such as `EADDRINUSE`
 */
export function bindUdp({ family, address, port, reusePort }: UdpBinding): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      lookup: addressItself,
      ...(reusePort && { reusePort }),
    });
    const failed = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', failed);
    socket.bind({ port, ...(address === undefined ? {} : { address }), exclusive: true }, () => {
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

/**
 * All destinations are IP addresses, so no lookup is needed, and `connect` completes before it
 * returns: no datagram can be sent in between.
 */
function addressItself(
  address: string,
  family: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, address, family === 6 ? 6 : 4);
}
