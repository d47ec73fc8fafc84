import { Refusal } from '../refusal.ts';

/** A name that cannot become a path: of a stream, of a base directory, or of an object. */
export class NameError extends Refusal {
  override name = 'NameError';
  constructor(message: string) {
    super('bad-name', message);
  }
}
