/**
 * Access units of a stream that were received and not recorded, by reason. Every unit is accounted
 * for: it is in the files exactly once or counted here, unless the disk failed.
 */
export class DroppedUnits {
  /** Pictures that refer to lost ones, and those before the first keyframe of a Period. */
  undecodable = 0;
  /** Sound whose timestamp is not later than that of the previous packet. */
  disordered = 0;
  /** Units that contain only parameter sets, and invalid packets (RFC 6716 §3.4). */
  empty = 0;
  /**
   * Sound that arrived after its place was filled with silence, or too long before the first
   * picture.
   */
  late = 0;
  /** Units that arrived while the disk could not be written. */
  unwritten = 0;

  /** Total number. */
  get total(): number {
    return this.undecodable + this.disordered + this.empty + this.late + this.unwritten;
  }
}
