/**
 * Access units and packets of a stream that came and were not recorded, by reason. With these, every
 * unit is accounted for: it is in the files exactly once or counted here, unless the disk failed.
 */
export class DroppedUnits {
  /** Pictures that refer to lost ones, and those before the keyframe that a Period begins with. */
  undecodable = 0;
  /** Sound whose timestamp is not after that of the packet before. */
  disordered = 0;
  /** Pictures of parameter sets alone, and packets that make no sense (RFC 6716 §3.4). */
  empty = 0;
  /** Sound that came after silence had taken its place, or too early before any picture. */
  late = 0;
  /** They came while the disk took nothing. */
  unwritten = 0;

  /** All of them. */
  get total(): number {
    return this.undecodable + this.disordered + this.empty + this.late + this.unwritten;
  }
}
