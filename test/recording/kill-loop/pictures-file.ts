import { readFileSync, writeFileSync } from 'node:fs';
import type { SimulatedFrame } from '../simulated-publisher.ts';

/** Pictures of a clip, in decoding order. */
export type Pictures = readonly Pick<SimulatedFrame, 'keyframe' | 'units'>[];

/** Writes pictures for another process to read. */
export function writePictures(file: string, pictures: Pictures): void {
  const rows = pictures.map(({ keyframe, units }) => ({
    keyframe,
    units: units.map((unit) => unit.toString('base64')),
  }));
  writeFileSync(file, JSON.stringify(rows));
}

/** Reads what {@link writePictures} wrote. */
export function readPictures(file: string): Pictures {
  const rows: { keyframe: boolean; units: string[] }[] = JSON.parse(readFileSync(file, 'utf8'));
  return rows.map(({ keyframe, units }) => ({
    keyframe,
    units: units.map((unit) => Buffer.from(unit, 'base64')),
  }));
}
