import { ORIENTATIONS, type PictureOrientation, UPRIGHT } from '../../media/picture-orientation.ts';
import type { TrackFormat } from '../container.ts';
import {
  type Element,
  element,
  findElement,
  floatElement,
  readFloat,
  uintElement,
} from './ebml.ts';
import { ID } from './element-id.ts';

/** A projection onto a plane, as of any picture (RFC 9559 §5.1.4.1.28). */
const RECTANGULAR = 0;

/** Range of colours (RFC 9559 §5.1.4.1.28). */
const BROADCAST_RANGE = 1;
const FULL_RANGE = 2;

/**
 * The Video element of a track (RFC 9559 §5.1.4.1.28): size, and how its pictures are shown where the
 * stream says something of it.
 * @throws RangeError for a picture without a size
 */
export function videoElement(track: TrackFormat): Buffer {
  const { width = 0, height = 0 } = track;
  if (!(width >= 1 && height >= 1)) throw new RangeError(`a picture of ${width} × ${height}`);
  return element(
    ID.video,
    uintElement(ID.pixelWidth, width),
    uintElement(ID.pixelHeight, height),
    ...displaySize(track),
    ...colour(track),
    ...projection(track),
  );
}

/** The height stays, as in MP4. */
function displaySize({ width = 0, height = 0, sampleAspectRatio }: TrackFormat): Buffer[] {
  if (sampleAspectRatio === undefined) return [];
  const shown = Math.round((width * sampleAspectRatio.width) / sampleAspectRatio.height);
  return [uintElement(ID.displayWidth, Math.max(1, shown)), uintElement(ID.displayHeight, height)];
}

function colour({ colour }: TrackFormat): Buffer[] {
  if (colour === undefined) return [];
  return [
    element(
      ID.colour,
      uintElement(ID.matrixCoefficients, colour.matrix),
      uintElement(ID.range, colour.fullRange ? FULL_RANGE : BROADCAST_RANGE),
      uintElement(ID.transferCharacteristics, colour.transfer),
      uintElement(ID.primaries, colour.primaries),
    ),
  ];
}

// A roll is counter-clockwise (RFC 9559 §5.1.4.1.28). A picture that is turned round is seen from behind.
function projection({ orientation = UPRIGHT }: TrackFormat): Buffer[] {
  if (orientation === UPRIGHT) return [];
  return [
    element(
      ID.projection,
      uintElement(ID.projectionType, RECTANGULAR),
      floatElement(ID.projectionPoseYaw, orientation.isMirrored ? 180 : 0),
      floatElement(ID.projectionPoseRoll, rollOf(orientation)),
    ),
  ];
}

/** Degrees from −180 to 180. */
function rollOf({ clockwise }: PictureOrientation): number {
  return clockwise === 270 ? 90 : -clockwise;
}

/**
 * Reads how pictures are to be shown.
 * @param video the Video element
 * @returns undefined where nothing is said of it, or something else than is written here
 */
export function readOrientation(data: Buffer, video: Element): PictureOrientation | undefined {
  const found = findElement(data, video.start, video.end, ID.projection);
  if (found === undefined) return undefined;
  const float = (id: number) => {
    const value = findElement(data, found.start, found.end, id);
    return (value && readFloat(data, value)) ?? 0;
  };
  const yaw = float(ID.projectionPoseYaw);
  const roll = float(ID.projectionPoseRoll);
  return ORIENTATIONS.find(
    (orientation) => (orientation.isMirrored ? 180 : 0) === yaw && rollOf(orientation) === roll,
  );
}
