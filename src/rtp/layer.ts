import type { AccessUnit } from '../media/access-unit.ts';
import type { PictureSize } from '../media/picture-size.ts';
import { LayerArrivals, type LayerState } from './layer-choice.ts';
import type { SenderReport } from './sender-report.ts';
import { StatedOrientation } from './stated-orientation.ts';
import type { TrackReceiver } from './track-receiver.ts';

/**
 * A layer of a track: what is received of it, and what is known about it. A class, because V8 keeps objects
 * whose literal has getters as hash tables.
 */
export class Layer implements LayerState {
  readonly receiver: TrackReceiver;
  readonly arrivals = new LayerArrivals();
  readonly orientation = new StatedOrientation();
  /** Restriction identifier (RFC 8851), if it has one. */
  rid: string | undefined;
  /** Size of the pictures according to the latest keyframe. */
  size: PictureSize | undefined;
  /** The latest sender report with a wall clock. */
  report: SenderReport | undefined;
  /** From the latest keyframe on, while no layer is in use. */
  held: AccessUnit[] = [];

  constructor(receiver: TrackReceiver) {
    this.receiver = receiver;
  }

  get pixels(): number {
    return this.size === undefined ? 0 : this.size.width * this.size.height;
  }

  get lastUs(): number {
    return this.arrivals.lastUs;
  }

  get steadySinceUs(): number {
    return this.arrivals.steadySinceUs;
  }
}
