import { signal } from '@preact/signals';
import {
  addProtection,
  listProtections,
  type Protection,
  removeProtection,
} from '../api/protections.ts';
import { messageOf, RecorderError } from '../api/request.ts';

/** Stretches of any stream that nothing deletes. */
export class Protections {
  readonly list = signal<Protection[]>([]);
  readonly isBusy = signal(false);
  /** Why the latest was not protected, or not lifted, in words. */
  readonly message = signal('');

  // Counts changes from here, so that a list from before one does not take it back.
  #turn = 0;

  /** Asks for them. A token of one stream may not read them: then none are shown. */
  async refresh(signal: AbortSignal): Promise<void> {
    const turn = this.#turn;
    const list = await listProtections(signal).catch(() => []);
    if (turn === this.#turn && !signal.aborted) this.list.value = list;
  }

  /**
   * Protects a stretch of a stream.
   * @param startMs ms since the Unix epoch
   * @param endMs ms since the Unix epoch
   * @param note what it is for
   * @returns whether it is protected; why not is in {@link message}
   */
  async protect(stream: string, startMs: number, endMs: number, note: string): Promise<boolean> {
    const [startUs, endUs] = [Math.floor(startMs) * 1000, Math.ceil(endMs) * 1000];
    return this.#change(async () => {
      const added = await addProtection(stream, startUs, endUs, note);
      return [...this.list.peek(), added];
    });
  }

  /** Lifts one; why it could not be lifted is in {@link message}. @returns whether it is lifted */
  async lift(id: string): Promise<boolean> {
    return this.#change(async () => {
      await removeProtection(id).catch((error) => {
        // Another one was faster.
        if (!(error instanceof RecorderError && error.status === 404)) throw error;
      });
      return this.list.peek().filter((each) => each.id !== id);
    });
  }

  async #change(act: () => Promise<Protection[]>): Promise<boolean> {
    this.message.value = '';
    this.isBusy.value = true;
    try {
      const list = await act();
      this.#turn++;
      this.list.value = list;
      return true;
    } catch (error) {
      this.message.value = messageOf(error);
      return false;
    } finally {
      this.isBusy.value = false;
    }
  }
}
