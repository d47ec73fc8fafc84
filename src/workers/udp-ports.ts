import type { Config } from '../config/config.ts';
import { trySharedPorts } from '../ingest/shared-port-trial.ts';
import { SMALL_BUFFER_BYTES } from '../ingest/udp-socket.ts';
import type { ThreadLog } from '../streams/messages.ts';

/**
 * Makes sure that the workers will have their UDP ports, if each has one, and tells the operator if the
 * kernel's receive buffers are too small for many streams.
 * @throws Refusal `no-free-port`
 */
export async function checkUdpPorts(
  { iceUdpPort, iceUdpAddrs: iceAddresses }: Config['webrtc'],
  workers: number,
  log: ThreadLog,
): Promise<void> {
  if (iceUdpPort === undefined) return;
  const granted = await trySharedPorts(iceUdpPort, workers, { iceAddresses, log });
  if (granted < SMALL_BUFFER_BYTES) {
    log.warn(
      { receiveBufferBytes: granted },
      'the kernel grants small receive buffers, which many streams on [webrtc] ice_udp_port fill while this machine is busy; allow more with: sysctl -w net.core.rmem_max=4194304',
    );
  }
}
