import { createSocket, type Socket } from 'node:dgram';

/** What a UDP socket is bound to. */
export interface UdpBinding {
  family: 4 | 6;
  /** All addresses of the family if absent. */
  address?: string | undefined;
  /** 0 for any. */
  port: number;
}

/**
 * Binds a UDP socket that no other one shares.
 * @throws the system's error, such as `EADDRINUSE`
 */
export function bindUdp({ family, address, port }: UdpBinding): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      lookup: addressItself,
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
