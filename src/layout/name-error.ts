import { Refusal } from '../refusal.ts';

/** A name of a stream, a base directory or an object that cannot become a path. */
export class NameError extends Refusal {
  override name = 'NameError';
  constructor(message: string) {
    super('bad-name', message);
  }
}
