import { Type } from 'typebox';
import { TIME_RULE } from '../playback/request-time.ts';

const EXAMPLES = ['2025-07-24T08:00:00+08:00', '1753315200000000'];

/** A time in a query, read by `parseTime`. @param description what it is the time of */
export function timeParameter(description: string) {
  return Type.String({ description: `${description} Must be ${TIME_RULE}.`, examples: EXAMPLES });
}
