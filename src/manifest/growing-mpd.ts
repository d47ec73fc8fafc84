import { DELETED_COMMENT } from './deleted-files.ts';
import { presentationOf, readDocument, readMpd, readPeriodText } from './mpd-reader.ts';
import type { ManifestPeriod, Presentation } from './presentation.ts';

const PERIOD = '<Period ';
const PERIOD_END = '</Period>';

/** The text of each Period, and what stands around them. */
interface PeriodTexts {
  around: string;
  periods: string[];
}

/**
 * Reads a manifest again and again while it grows: each time only what is new, since the manifest of a long
 * day takes some ten milliseconds, and a player asks for it every two seconds.
 */
export class GrowingMpd {
  #text: string | undefined;
  #presentation: Presentation | undefined;
  /** The Periods that were read last, with their texts and in their order. */
  #periods: { text: string; period: ManifestPeriod }[] = [];

  /**
   * Reads the manifest as it is now. What is returned is not to be changed, and stays as it is.
   * @throws ManifestError as {@link readMpd}
   */
  read(text: string): Presentation {
    if (this.#presentation === undefined || text !== this.#text) {
      this.#presentation = this.#readNew(text);
      this.#text = text;
    }
    return this.#presentation;
  }

  #readNew(text: string): Presentation {
    const texts = periodTexts(text);
    // Whoever wrote it, and whatever is the matter with it: the whole reader says.
    if (texts === undefined) return readMpd(text);
    const periods = texts.periods.map((text, at) => {
      const before = this.#periods[at];
      // With its new text, of which it is a part: the one before it is not to be kept for it.
      if (before?.text === text) return { text, period: before.period };
      return { text, period: readPeriodText(text, before?.period) };
    });
    const presentation = presentationOf(
      readDocument(text, texts.around),
      periods.map(({ period }) => period),
      texts.around,
    );
    this.#periods = periods;
    return presentation;
  }
}

/** @returns undefined where the Periods do not stand one behind the other, as `writeMpd` writes them */
function periodTexts(text: string): PeriodTexts | undefined {
  const periods: string[] = [];
  const start = text.indexOf(PERIOD);
  if (start < 0) return undefined;
  let at = start;
  while (text.startsWith(PERIOD, at)) {
    const end = text.indexOf(PERIOD_END, at);
    if (end < 0) return undefined;
    const period = text.slice(at, end + PERIOD_END.length);
    if (period.includes(PERIOD, 1) || period.includes('<!')) return undefined;
    periods.push(period);
    at = end + PERIOD_END.length;
    if (text[at] === '\n') at++;
  }
  const around = text.slice(0, start) + text.slice(at);
  const isOurs = !around.includes('<Period') && !around.replace(DELETED_COMMENT, '').includes('<!');
  return isOurs ? { around, periods } : undefined;
}
