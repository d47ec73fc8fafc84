/** Levels with their maximum picture size in samples, samples per second and samples per side. */
const LEVELS: [level: number, picture: number, rate: number, side: number][] = [
  [10, 36_864, 829_440, 512],
  [11, 73_728, 2_764_800, 768],
  [20, 122_880, 4_608_000, 960],
  [21, 245_760, 9_216_000, 1344],
  [30, 552_960, 20_736_000, 2048],
  [31, 983_040, 36_864_000, 2752],
  [40, 2_228_224, 83_558_400, 4160],
  [41, 2_228_224, 160_432_128, 4160],
  [50, 8_912_896, 311_951_360, 8384],
  [51, 8_912_896, 588_251_136, 8384],
  [52, 8_912_896, 1_176_502_272, 8384],
  [60, 35_651_584, 1_176_502_272, 16_832],
  [61, 35_651_584, 2_353_004_544, 16_832],
  [62, 35_651_584, 4_706_009_088, 16_832],
];

/** Assumed picture rate, which live senders do not exceed. */
const MOST_PICTURES_PER_SECOND = 60;

/**
 * The lowest level, times ten, that permits a picture (VP9 levels and decoder testing). The
 * bitstream has no level, and the picture rate is unknown at the first picture, so 60 per second
 * are assumed.
 */
export function levelOf(width: number, height: number): number {
  const picture = width * height;
  const fits = LEVELS.find(
    ([, mostPicture, mostRate, longestSide]) =>
      picture <= mostPicture &&
      picture * MOST_PICTURES_PER_SECOND <= mostRate &&
      Math.max(width, height) <= longestSide,
  );
  return fits?.[0] ?? 62;
}
