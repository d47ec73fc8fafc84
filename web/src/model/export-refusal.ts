import { messageOf, RecorderError } from '../api/request.ts';
import { words } from '../words/language.ts';

/** Why a stretch cannot be had as a file. What the recorder says of a malformed request tells what to ask for instead. */
export function exportRefusalInWords(error: unknown): string {
  const say = words.peek();
  if (!(error instanceof RecorderError)) return messageOf(error);
  switch (error.status) {
    case 404:
      return say.nothingHere;
    case 409:
      return say.recordingUnreadable;
    case 429:
      return say.exportTooMany;
    case 507:
      return say.exportDiskFull;
    default:
      return error.message;
  }
}
