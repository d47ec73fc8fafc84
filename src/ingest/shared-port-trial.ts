import { SharedPort, type SharedPortOptions } from './shared-port.ts';

/**
 * Opens the ports of all workers, and closes them again: what is in the way is known before anything is
 * recorded.
 * @param first `[webrtc] ice_udp_port`
 * @returns size of the receive buffer that the kernel grants each socket, bytes, as it counts it
 * @throws Refusal `no-free-port`
 */
export async function trySharedPorts(
  first: number,
  workers: number,
  { iceAddresses, log }: Omit<SharedPortOptions, 'port'>,
): Promise<number> {
  let granted = 0;
  for (let number = 0; number < workers; number++) {
    const port = new SharedPort({ iceAddresses, port: first + number, log });
    try {
      await port.open();
      granted = port.statistics().receiveBufferBytes;
    } finally {
      await port.close();
    }
  }
  return granted;
}
