import { Counter, Gauge, type Registry } from 'prom-client';
import type { Recorder, ThreadLoad } from '../recorder.ts';

const PREFIX = 'live777_recorder_worker_';

type DelayKey = Exclude<keyof ThreadLoad, 'udpPort'>;

/** Delays of a worker's event loop: name without prefix, which, figure. */
const DELAYS: [string, string, DelayKey][] = [
  ['p50', 'Half of the samples were shorter.', 'delayP50Seconds'],
  ['p99', '99 % of the samples were shorter.', 'delayP99Seconds'],
  ['max', 'The longest.', 'delayMaxSeconds'],
];

/**
 * How busy the threads are that record. A worker that is short of time loses packets, while the main
 * thread, which prom-client measures, may be idle.
 */
export class WorkerMetrics {
  readonly #recorder: Pick<Recorder, 'loads'>;
  readonly #cpu: Counter<'worker' | 'mode'>;
  readonly #delays: [Gauge<'worker'>, DelayKey][];
  readonly #strangers: Counter<'worker'>;
  readonly #dropped: Counter<'worker'>;

  constructor(recorder: Pick<Recorder, 'loads'>, registry: Registry) {
    this.#recorder = recorder;
    const registers = [registry];
    this.#cpu = new Counter({
      name: `${PREFIX}cpu_seconds_total`,
      help: 'Processor time of a worker thread, from Node 24 on.',
      labelNames: ['worker', 'mode'],
      registers,
    });
    this.#delays = DELAYS.map(([name, which, key]) => [
      new Gauge({
        name: `${PREFIX}event_loop_delay_${name}_seconds`,
        help: `Delay of a worker thread's event loop since the previous scrape. ${which}`,
        labelNames: ['worker'],
        registers,
      }),
      key,
    ]);
    this.#strangers = new Counter({
      name: `${PREFIX}udp_strangers_total`,
      help: 'Datagrams to the UDP port of a worker ([webrtc] ice_udp_port) that belonged to no session.',
      labelNames: ['worker'],
      registers,
    });
    this.#dropped = new Counter({
      name: `${PREFIX}udp_dropped_total`,
      help: 'Datagrams to the UDP port of a worker that the kernel dropped because the receive buffer was full; see net.core.rmem_max.',
      labelNames: ['worker'],
      registers,
    });
  }

  /** Reads the loads of all workers. */
  async read(): Promise<void> {
    const loads = await this.#recorder.loads();
    this.#cpu.reset();
    this.#strangers.reset();
    this.#dropped.reset();
    for (const [gauge] of this.#delays) gauge.reset();
    for (const [number, load] of loads) {
      const worker = String(number);
      const { userSeconds, systemSeconds, udpPort } = load;
      if (udpPort !== undefined) {
        this.#strangers.inc({ worker }, udpPort.strangers);
        if (udpPort.dropped !== undefined) this.#dropped.inc({ worker }, udpPort.dropped);
      }
      if (userSeconds !== undefined) this.#cpu.inc({ worker, mode: 'user' }, userSeconds);
      if (systemSeconds !== undefined) this.#cpu.inc({ worker, mode: 'system' }, systemSeconds);
      for (const [gauge, key] of this.#delays) gauge.set({ worker }, load[key] ?? 0);
    }
  }
}
